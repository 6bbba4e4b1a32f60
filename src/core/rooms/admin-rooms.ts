import { userNamed } from '../accounts/user-named.ts';
import type { Clock } from '../clock.ts';
import { invalidField } from '../errors.ts';
import { readUsername } from '../names/username.ts';
import { type RandomBytes, newId } from '../random.ts';
import type { RoomRow } from '../room-store.ts';
import type { Store } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import type { AnnounceMembership } from './announce.ts';
import { readRoomName } from './room-name.ts';
import { readRoomReference } from './room-reference.ts';

/** Makes rooms by approval that nobody owns: all of them or none. @throws Refusal `invalid_input`, `room_taken` */
export function addRooms(parts: { store: Store<Transactions>; clock: Clock; random: RandomBytes }) {
  return async (actor: string, names: readonly string[]): Promise<void> => {
    const rooms = names.map((given) => {
      const read = readRoomName(given);
      if (!read.ok) throw invalidField('room', read.problem);
      return {
        id: newId(parts.random),
        name: read.name,
        nameKey: read.key,
        kind: 'approval' as const,
        openHistory: false,
        joinedByAll: false,
      };
    });
    await parts.store.transact('addRooms', { now: parts.clock.now(), actor, rooms });
  };
}

/**
 * Lets a user into rooms they asked to join, all of them or none, and says so to whom it concerns. Returns the names of
 * the rooms.
 *
 * @throws Refusal `user_unknown`, `room_unknown`, `not_found` where they have not asked, `invalid_input`
 */
export function acceptPending(parts: {
  store: Store<Transactions>;
  clock: Clock;
  announce: AnnounceMembership;
}) {
  return async (actor: string, username: string, rooms: readonly string[]): Promise<string[]> => {
    const name = readUsername(username);
    if (!name.ok) throw invalidField('username', name.problem);
    const changes = await parts.store.transact('acceptPending', {
      now: parts.clock.now(),
      actor,
      usernameKey: name.key,
      rooms: rooms.map(readRoomReference),
    });
    for (const change of changes) parts.announce(change);
    return changes.map(({ roomName, roomId }) => roomName ?? roomId);
  };
}

/** Rooms that a user waits to be let into, each since when. @throws Refusal `user_unknown`, `invalid_input` */
export function pendingRooms(parts: { store: Store<Transactions> }) {
  return async (username: string): Promise<{ room: RoomRow; since: number }[]> => {
    const { read } = parts.store;
    const user = await userNamed(read, username);
    const places = await read.rooms.ofUser(user.id);
    return places
      .filter(({ membership }) => membership.state === 'pending')
      .map(({ room, membership }) => ({ room, since: membership.since }));
  };
}
