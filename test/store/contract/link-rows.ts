import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkRow } from '../../../src/core/link-store.ts';
import { type StoreUnderTest, sixteen } from '../store-contract.ts';

function linkRow(token: string, changes: Partial<LinkRow> = {}): LinkRow {
  return {
    tokenHash: Buffer.from(token),
    purpose: 'reset',
    userId: `user of ${token}`,
    email: null,
    expiresAt: 10_000,
    endedAt: null,
    keptUntil: 20_000,
    ...changes,
  };
}

/** Links that were mailed. */
export function linkRowsContract(underTest: StoreUnderTest): void {
  const { call } = underTest;
  const find = (token: string) => underTest.store.read.links.find(Buffer.from(token));

  test('lets one of 16 use a link, in time and for the first time', async () => {
    const row = linkRow('used once', { purpose: 'email', email: 'a@example.org' });
    await call('links', 'insert', row);
    const use = (token: string, now: number) => call('links', 'use', Buffer.from(token), now);
    assert.equal(await use('used once', 10_000), null, 'too late');
    assert.equal(await use('never made', 5), null);
    const used = (await sixteen(() => use('used once', 9_999))).filter((each) => each !== null);
    assert.deepEqual(used, [{ ...row, endedAt: 9_999 }]);
    assert.deepEqual(await find('used once'), { ...row, endedAt: 9_999 });
  });

  test('ends the links of one user that wait, of one purpose or of all', async () => {
    const own = { userId: 'ending' };
    await call('links', 'insert', linkRow('e1', own));
    await call('links', 'insert', linkRow('e2', { ...own, purpose: 'email' }));
    await call('links', 'insert', linkRow('e3', { ...own, endedAt: 5 }));
    await call('links', 'insert', linkRow('e4'));
    await call('links', 'endOfUser', 'ending', 7, 'email');
    const endings = async () => {
      const rows = await Promise.all(['e1', 'e2', 'e3', 'e4'].map(find));
      return rows.map((row) => row?.endedAt);
    };
    assert.deepEqual(await endings(), [null, 7, 5, null]);
    await call('links', 'endOfUser', 'ending', 8, null);
    assert.deepEqual(await endings(), [8, 7, 5, null]);
    await call('links', 'deleteOfUser', 'ending');
    assert.deepEqual(await endings(), [undefined, undefined, undefined, null]);
  });

  test('forgets a link when it need not be remembered any more', async () => {
    await call('links', 'insert', linkRow('l-old', { keptUntil: 999 }));
    await call('links', 'insert', linkRow('l-new', { keptUntil: 1000, expiresAt: 1 }));
    const none = { sessionsUsedBefore: 0, idempotencyBefore: -1e9, mailsSettledBefore: 0 };
    const expiry = { now: 1000, ...none, guessesBefore: -1e9, addressesSeenBefore: -1e9 };
    await underTest.store.transact('deleteExpired', { expiry, limit: 100 });
    assert.equal(await find('l-old'), null);
    assert.ok(await find('l-new'));
  });
}
