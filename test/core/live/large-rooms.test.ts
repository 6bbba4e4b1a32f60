import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Connection } from '../../../src/core/live/connection.ts';
import type { LiveEvent } from '../../../src/core/live/events.ts';
import { Hub } from '../../../src/core/live/hub.ts';
import { Presence } from '../../../src/core/live/presence.ts';
import type { MembershipRow, RoomRow } from '../../../src/core/room-store.ts';
import { announceMembership } from '../../../src/core/rooms/announce.ts';
import type { Reader } from '../../../src/core/store.ts';
import type { MembershipChange } from '../../../src/core/transactions/memberships.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const quiet = { writesDebug: false, debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };

function room(id: string, members: number): RoomRow {
  return {
    id,
    name: id,
    nameKey: id,
    kind: 'open',
    pairKey: null,
    openHistory: false,
    joinedByAll: false,
    lastSeq: 0,
    lastRevision: 0,
    members,
    membersVersion: members,
    createdAt: 0,
  };
}

function membership(roomId: string, userId: string): MembershipRow {
  return {
    roomId,
    userId,
    state: 'member',
    role: 'member',
    visibleAfter: 0,
    readSeq: 0,
    since: 0,
    reason: null,
    until: null,
  };
}

/** Somebody who is not online has joined the large room, or left it. */
function changeOf(members: number, membersVersion: number, joined: boolean): MembershipChange {
  return {
    roomId: 'large',
    roomName: 'large',
    pair: null,
    roomKind: 'open',
    userId: 'away',
    username: 'away',
    state: joined ? 'member' : 'none',
    wasMember: !joined,
    role: 'member',
    visibleAfter: 0,
    members,
    membersVersion,
    lastSeq: 0,
    lastRevision: 0,
    reason: null,
    since: 0,
  };
}

/** A hub whose users all are in the room given, and what each of them was told. */
function crowd(of: RoomRow) {
  const clock = new ManualClock(0);
  const told = new Map<string, LiveEvent[]>();
  const encoded = { count: 0 };
  const ofUser = async (userId: string) => [{ room: of, membership: membership(of.id, userId) }];
  const read = { rooms: { ofUser } } as unknown as Reader;
  const presence = new Presence({ hub: () => hub, clock, timers: clock });
  const hub: Hub = new Hub({
    read,
    logger: quiet,
    onPresence: (user, online) => presence.changedTo(user, online),
    onMembers: (roomId) => presence.countChanged(roomId),
  });
  const form = {
    encode: (event: LiveEvent): LiveEvent => {
      encoded.count += 1;
      return event;
    },
  };
  const join = async (userId: string): Promise<Connection<LiveEvent>> => {
    const events: LiveEvent[] = [];
    told.set(userId, events);
    const connection: Connection<LiveEvent> = {
      userId,
      sessionKeyId: null,
      address: '192.0.2.1',
      way: 'test',
      form,
      rooms: null,
      send: (event) => void events.push(event),
      end: () => hub.detach(connection),
    };
    await hub.attach(connection, userId);
    return connection;
  };
  const toldOf = (kind: LiveEvent['kind']): number =>
    [...told.values()].flat().filter((event) => event.kind === kind).length;
  return { clock, hub, join, toldOf, told, encoded };
}

function onlineOf(event: LiveEvent | undefined): number | null {
  return event?.kind === 'room_changed' ? event.online : null;
}

describe('a large room', () => {
  test('is told how many are online, not who comes and goes', async () => {
    const { clock, join, toldOf, told } = crowd(room('large', 10_000));
    const connections = [];
    for (let at = 0; at < 2_000; at++) connections.push(await join(`user${at}`));
    clock.advance(10_000);
    assert.equal(toldOf('presence'), 0);
    assert.equal(toldOf('room_changed'), 2_000, 'one count for each listener');
    assert.equal(onlineOf(told.get('user0')?.[0]), 2_000);
    for (const connection of connections.slice(1_000)) connection.end('logged out');
    clock.advance(30_000);
    assert.equal(toldOf('presence'), 0);
    assert.ok(toldOf('room_changed') <= 2_000 + 2 * 1_000);
    assert.equal(onlineOf(told.get('user0')?.at(-1)), 1_000);
  });

  test('is told how many it has when somebody joins or leaves, at most every five seconds', async () => {
    const { clock, hub, join, told } = crowd(room('large', 300));
    await join('user0');
    clock.advance(10_000);
    const counts = () =>
      (told.get('user0') ?? []).flatMap((event) =>
        event.kind === 'room_changed' && event.username === null ? [[event.members, event.online]] : [],
      );
    assert.deepEqual(counts(), [[300, 1]]);
    const announce = announceMembership(hub, clock);
    announce(changeOf(301, 301, true));
    announce(changeOf(302, 302, true));
    announce(changeOf(301, 303, false));
    clock.advance(4_000);
    assert.equal(counts().length, 1, 'gathered');
    clock.advance(10_000);
    assert.deepEqual(counts().slice(1), [[301, 1]]);
    announce({ ...changeOf(301, 304, true), wasMember: true });
    clock.advance(10_000);
    assert.equal(counts().length, 2, 'a change of role changes no count');
  });

  test('hears each event encoded once, however many listen', async () => {
    const { hub, join, toldOf, encoded } = crowd(room('large', 10_000));
    for (let at = 0; at < 500; at++) await join(`user${at}`);
    encoded.count = 0;
    hub.toRoom(
      {
        kind: 'message_read',
        at: 0,
        roomId: 'large',
        roomName: 'large',
        pair: null,
        username: 'user1',
        seq: 1,
      },
      10_000,
    );
    assert.equal(toldOf('message_read'), 500);
    assert.equal(encoded.count, 1);
  });
});

describe('a small room', () => {
  test('is told who comes and goes, each once, however many connections they have', async () => {
    const { clock, join, told } = crowd(room('small', 5));
    await join('watcher');
    clock.advance(1_000);
    const connections = [await join('guest'), await join('guest')];
    clock.advance(1_000);
    for (const connection of connections) connection.end('logged out');
    clock.advance(10_000);
    const seen = (told.get('watcher') ?? []).map((event) =>
      event.kind === 'presence' ? [event.username, event.online] : event.kind,
    );
    assert.deepEqual(seen, [
      ['guest', true],
      ['guest', false],
    ]);
  });
});
