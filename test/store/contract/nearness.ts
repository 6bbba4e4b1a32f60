import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MembershipRow, RoomRow } from '../../../src/core/room-store.ts';
import type { StoreUnderTest } from '../store-contract.ts';
import { userRow } from './rows.ts';

/** Whom a user may want to write to. */
export function nearnessContract(underTest: StoreUnderTest): void {
  const { call } = underTest;

  test('lists the registered names in order: no guests, and nobody who was deleted', async () => {
    await call('users', 'insert', userRow('!b'));
    await call('users', 'insert', userRow('!a'));
    await call('users', 'insert', userRow('!guest', { role: 'guest' }));
    await call('users', 'insert', userRow('!gone', { username: null, usernameKey: null, deletedAt: 1 }));
    const { users } = underTest.store.read;
    assert.deepEqual(await users.registered(2), [
      { id: '!a', username: '!A', usernameKey: '!a' },
      { id: '!b', username: '!B', usernameKey: '!b' },
    ]);
    const all = await users.registered(1_000);
    assert.ok(all.every(({ id }) => id !== '!guest' && id !== '!gone'));
  });

  test("lists a user's pairs by the last message, the newest first", async () => {
    const room = (id: string, changes: Partial<RoomRow>): RoomRow => ({
      id,
      name: null,
      nameKey: null,
      kind: 'direct',
      pairKey: `near ${id}`,
      openHistory: true,
      joinedByAll: false,
      lastSeq: 2,
      lastRevision: 0,
      members: 2,
      membersVersion: 2,
      createdAt: 1,
      ...changes,
    });
    await call('users', 'insert', userRow('near'));
    const rooms = [
      room('near-1', {}),
      room('near-2', {}),
      room('near-3', { lastSeq: 0 }),
      room('near-4', { kind: 'open', pairKey: null, name: 'near', nameKey: 'near' }),
    ];
    for (const [at, row] of rooms.entries()) {
      await call('rooms', 'insert', row);
      await call('memberships', 'put', {
        roomId: row.id,
        userId: 'near',
        state: 'member',
        role: 'member',
        visibleAfter: 0,
        readSeq: 0,
        since: 1,
        reason: null,
        until: null,
      } satisfies MembershipRow);
      for (let seq = 1; seq <= row.lastSeq; seq++) {
        await call('messages', 'insert', {
          roomId: row.id,
          seq,
          senderId: 'near',
          sealedBody: Buffer.from('x'),
          keyVersion: null,
          sentAt: seq * 100 + at,
          editedAt: null,
          deletedAt: null,
          revision: 0,
        });
      }
    }
    const { rooms: reads } = underTest.store.read;
    assert.deepEqual(await reads.pairsLastSpoken('near', 9), ['near near-2', 'near near-1', 'near near-3']);
    assert.deepEqual(await reads.pairsLastSpoken('near', 1), ['near near-2']);
    assert.deepEqual(await reads.pairsLastSpoken('nobody', 9), []);
  });
}
