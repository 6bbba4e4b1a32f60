import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MembershipRow, RoomRow } from '../../../src/core/room-store.ts';
import { type StoreUnderTest, sixteen } from '../store-contract.ts';
import { mailRow, userRow } from './rows.ts';

function roomRow(id: string, changes: Partial<RoomRow> = {}): RoomRow {
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
    members: 0,
    membersVersion: 0,
    createdAt: 0,
    ...changes,
  };
}

function membershipRow(roomId: string, userId: string, since: number): MembershipRow {
  return {
    roomId,
    userId,
    state: 'invited',
    role: 'member',
    visibleAfter: 0,
    readSeq: 0,
    since,
    reason: null,
    until: null,
  };
}

/** What several nodes ask of a store that they share. */
export function workOfNodesContract(underTest: StoreUnderTest): void {
  const { call } = underTest;

  test('tells how far rooms have come, many in one question', async () => {
    const { rooms } = underTest.store.read;
    await call('rooms', 'insert', roomRow('ahead', { lastSeq: 9, lastRevision: 4, membersVersion: 3 }));
    await call('rooms', 'insert', roomRow('behind', { lastSeq: 1 }));
    const ids = ['behind', 'ahead', ...Array.from({ length: 498 }, (_, at) => `none ${at}`)];
    const found = await rooms.positions(ids);
    assert.deepEqual(
      found.sort((a, b) => a.lastSeq - b.lastSeq),
      [
        { id: 'behind', lastSeq: 1, lastRevision: 0, membersVersion: 0 },
        { id: 'ahead', lastSeq: 9, lastRevision: 4, membersVersion: 3 },
      ],
    );
    assert.deepEqual(await rooms.positions([]), []);
  });

  test('tells whose place in a room has changed since a time, in pages', async () => {
    const { memberships } = underTest.store.read;
    const time = 5_000_000_000_000;
    for (const id of ['mover-a', 'mover-b']) await call('users', 'insert', userRow(id));
    for (const id of ['place-1', 'place-2']) await call('rooms', 'insert', roomRow(id));
    const before = membershipRow('place-1', 'mover-a', time - 1);
    const rows = [
      membershipRow('place-1', 'mover-b', time),
      membershipRow('place-2', 'mover-a', time),
      membershipRow('place-2', 'mover-b', time + 1),
    ];
    for (const row of [before, ...rows.toReversed()]) await call('memberships', 'put', row);
    assert.deepEqual(await memberships.changedSince(time, null, 9), rows);
    assert.deepEqual(await memberships.changedSince(time, null, 2), rows.slice(0, 2));
    for (const [at, row] of rows.entries()) {
      assert.deepEqual(await memberships.changedSince(time, row, 9), rows.slice(at + 1));
    }
  });

  test('lets one of 16 take a mail that is due, and nobody before its time', async () => {
    await call('mails', 'insert', mailRow('to lease', { nextAttemptAt: 700 }));
    assert.equal(await call('mails', 'lease', 'to lease', 699, 2_000), false, 'not due');
    const taken = await sixteen(() => call('mails', 'lease', 'to lease', 700, 2_000));
    assert.equal(taken.filter(Boolean).length, 1);
    assert.equal(await call('mails', 'lease', 'to lease', 1_999, 3_000), false, 'somebody has it');
    assert.equal(await call('mails', 'lease', 'to lease', 2_000, 3_000), true, 'they have died over it');
    await call('mails', 'settle', 'to lease', 2_500);
    assert.equal(await call('mails', 'lease', 'to lease', 9_000, 9_999), false, 'it was sent');
  });
}
