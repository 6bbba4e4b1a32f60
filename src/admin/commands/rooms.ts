import type { Core } from '../../core/core.ts';
import type { WhoIsOnline } from '../../core/live/who-is-online.ts';
import type { RoomRow } from '../../core/room-store.ts';
import type { Reader } from '../../core/store.ts';
import { consoleActor } from '../actor.ts';
import { type Command, command } from '../command.ts';
import { pagesOf } from '../pages.ts';
import { newRooms, username, waitedForRooms } from '../parameters.ts';
import { counted, done, isoTime, moment, sentence, table } from '../report.ts';

/** Most rooms that one command looks at, direct ones among them. */
const maxRooms = 100_000;
const roomsAtOnce = 200;

export function roomCommands(
  parts: Pick<Core, 'addRooms' | 'acceptPending' | 'pendingRooms'> & { read: Reader; online: WhoIsOnline },
): Command[] {
  return [
    command({
      name: 'rooms',
      summary: 'display a list of all rooms',
      parameters: {},
      run: async () => {
        const { named, direct, hasMore } = await allRooms(parts.read);
        const counts = await parts.online.countsIn(named.map(({ id }) => id));
        const rooms = named.map((room) => ({
          room: room.name ?? '',
          kind: room.kind,
          members: room.members,
          online: counts.get(room.id) ?? 0,
          messages: room.lastSeq,
          created: room.createdAt,
        }));
        return done(
          {
            rooms: rooms.map((room) => ({ ...room, created: isoTime(room.created) })),
            direct,
            has_more: hasMore,
          },
          table(
            ['room', 'kind', '#members', '#online', '#messages', 'since'],
            rooms.map((each) => [
              each.room,
              each.kind,
              each.members,
              each.online,
              each.messages,
              moment(each.created),
            ]),
          ),
          sentence(`${counted(rooms.length, 'room')}, and ${direct} between two users`, 'quiet'),
          ...(hasMore ? [sentence('There are more than are looked at here.', 'warning')] : []),
        );
      },
    }),
    command({
      name: 'add room',
      summary: 'add a room',
      parameters: { rooms: newRooms },
      run: async ({ rooms }) => {
        await parts.addRooms(consoleActor, rooms);
        return done({ rooms }, sentence(`Added by approval: ${rooms.join(', ')}.`, 'good'));
      },
    }),
    command({
      name: 'pending rooms',
      summary: 'display a list of pending rooms for a user',
      parameters: { user: username() },
      run: async ({ user }) => {
        const pending = await parts.pendingRooms(user);
        return done(
          pending.map(({ room, since }) => ({ room: room.name, since: isoTime(since) })),
          ...(pending.length === 0
            ? [sentence(`${user} waits for no room.`)]
            : [
                table(
                  ['room', 'waiting since'],
                  pending.map(({ room, since }) => [room.name ?? room.id, moment(since)]),
                ),
              ]),
        );
      },
    }),
    command({
      name: 'accept pending',
      summary: 'accept pending rooms for a user',
      parameters: { user: username(), rooms: waitedForRooms },
      run: async ({ user, rooms }) => {
        const accepted = await parts.acceptPending(consoleActor, user, rooms);
        return done(
          { user, rooms: accepted },
          sentence(`${user} is a member now of ${accepted.join(', ')}.`, 'good'),
        );
      },
    }),
  ];
}

async function allRooms(read: Reader): Promise<{ named: RoomRow[]; direct: number; hasMore: boolean }> {
  const named: RoomRow[] = [];
  let direct = 0;
  const { hasMore } = await pagesOf(
    async (after: string) => {
      const ids = await read.rooms.idsAfter(after, roomsAtOnce);
      for (const id of ids) {
        const room = await read.rooms.byId(id);
        if (room?.kind === 'direct') direct += 1;
        else if (room !== null) named.push(room);
      }
      return ids;
    },
    { start: '', next: (id) => id, pageSize: roomsAtOnce, most: maxRooms },
  );
  return { named: named.sort((a, b) => compareNames(a.name ?? '', b.name ?? '')), direct, hasMore };
}

const { compare: compareNames } = new Intl.Collator('en');
