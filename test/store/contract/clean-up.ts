import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Expiry } from '../../../src/core/store.ts';
import type { StoreUnderTest } from '../store-contract.ts';
import { codeRow, mailRow, sessionKeyRow, sessionRow, userRow } from './rows.ts';

/** All times lie before those of the other tests' rows. */
const expiry: Expiry = {
  now: 1000,
  sessionsUsedBefore: 500,
  idempotencyBefore: -500,
  mailsSettledBefore: 500,
  guessesBefore: -500,
  addressesSeenBefore: -500,
};

/** `deleteExpired`: each kind by its own time, and what is just in time stays. */
export function cleanUpContract(underTest: StoreUnderTest): void {
  const { call } = underTest;
  const clean = (limit: number): Promise<number> =>
    underTest.store.transact('deleteExpired', { expiry, limit });
  const unused = { blockedUntil: 0, failures: 1 };
  const answer = { scope: 'x', contentHash: Buffer.from('x'), sealedAnswer: Buffer.from('x') };

  test('deletes every kind of row that has expired, and none that has not', async () => {
    const { read } = underTest.store;
    await call('users', 'insert', userRow('zoe'));
    await call('sessions', 'insert', sessionRow('x-ended', 'zoe', { endsAt: 999 }));
    await call('sessions', 'insert', sessionRow('x-idle', 'zoe', { lastUsedAt: 499 }));
    await call('sessions', 'insert', sessionRow('x-alive', 'zoe', { endsAt: 1000, lastUsedAt: 500 }));
    await call('sessions', 'insertKey', sessionKeyRow('x-k-idle', 'x-idle'));
    await call('sessions', 'insertKey', sessionKeyRow('x-k-retired', 'x-alive', { retiresAt: 999 }));
    await call('sessions', 'insertKey', sessionKeyRow('x-k-retiring', 'x-alive', { retiresAt: 1000 }));
    await call('sessions', 'insertKey', sessionKeyRow('x-k-alive', 'x-alive'));
    await call('codes', 'put', codeRow('x-old', { expiresAt: 999 }));
    await call('codes', 'put', codeRow('x-new', { expiresAt: 1000 }));
    await call('idempotency', 'insert', { ...answer, idem: 'old', createdAt: -501 });
    await call('idempotency', 'insert', { ...answer, idem: 'new', createdAt: -500 });
    const recipientHash = Buffer.from('clean-up');
    await call('mails', 'insert', mailRow('x-old', { recipientHash, settledAt: 499 }));
    await call('mails', 'insert', mailRow('x-new', { recipientHash, settledAt: 500 }));
    await call('mails', 'insert', mailRow('x-waiting', { recipientHash, nextAttemptAt: 1 }));
    await call('guesses', 'put', { ...unused, subject: 'x-old', countedSince: -501 });
    await call('guesses', 'put', { ...unused, subject: 'x-new', countedSince: -500 });

    // Keys that go with their session are not counted.
    assert.ok((await clean(100)) >= 7);
    assert.equal(await clean(100), 0);

    assert.deepEqual(
      (await read.sessions.ofUser('zoe')).map(({ id }) => id),
      ['x-alive'],
    );
    for (const gone of ['x-k-idle', 'x-k-retired']) assert.equal(await read.sessions.byKeyId(gone), null);
    for (const alive of ['x-k-retiring', 'x-k-alive']) assert.ok(await read.sessions.byKeyId(alive), alive);
    assert.equal(await read.codes.find('recovery', 'x-old'), null);
    assert.ok(await read.codes.find('recovery', 'x-new'));
    assert.equal(await read.idempotency.find('x', 'old'), null);
    assert.ok(await read.idempotency.find('x', 'new'));
    assert.equal(await read.mails.countSince('recovery_code', recipientHash, 0), 2);
    assert.equal(await read.mails.nextAttemptAt(), 1, 'a mail that waits is not settled');
    assert.equal(await read.guesses.find('x-old'), null);
    assert.ok(await read.guesses.find('x-new'));
    assert.ok(await read.users.byId('zoe'));
    await call('mails', 'settle', 'x-waiting', 5_000);
  });

  test('deletes in steps as small as it is told', async () => {
    for (let at = 0; at < 5; at++) {
      await call('guesses', 'put', { ...unused, subject: `step ${at}`, countedSince: -501 });
      await call('sessions', 'insert', sessionRow(`step-${at}`, 'zoe', { endsAt: 1 }));
    }
    const steps = [];
    for (let gone = await clean(2); gone > 0; gone = await clean(2)) steps.push(gone);
    assert.deepEqual(steps, [4, 4, 2]);
    assert.equal(await underTest.store.read.guesses.find('step 4'), null);
  });
}
