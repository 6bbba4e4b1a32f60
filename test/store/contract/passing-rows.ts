import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IdempotencyRow, UniqueConflict } from '../../../src/core/store.ts';
import { type StoreUnderTest, sixteen } from '../store-contract.ts';
import { codeRow, mailRow } from './rows.ts';

/** Codes, mails, guesses, kept answers, facts: what passes. */
export function passingRowsContract(underTest: StoreUnderTest): void {
  const { call } = underTest;
  const right = Buffer.from('right');

  test('replaces a code by the next for its purpose and subject', async () => {
    const { read } = underTest.store;
    const newer = codeRow('replaced', { codeHash: Buffer.from('newer'), userId: null });
    await call('codes', 'put', codeRow('replaced', { attemptsLeft: 1, confirmedAt: 4 }));
    await call('codes', 'put', newer);
    assert.deepEqual(await read.codes.find('recovery', 'replaced'), newer);
    assert.equal(await read.codes.find('change_email', 'replaced'), null);
    const change = codeRow('replaced', { purpose: 'change_email', email: 'a@example.org' });
    await call('codes', 'put', change);
    assert.deepEqual(await read.codes.find('change_email', 'replaced'), change);
    assert.deepEqual(await read.codes.find('recovery', 'replaced'), newer);
  });

  test('lets 16 guess at a code as often as there are attempts', async () => {
    await call('codes', 'put', codeRow('guessed'));
    await call('codes', 'put', codeRow('guessed beside'));
    const rows = await sixteen(() => call('codes', 'spendAttempt', 'recovery', 'guessed', 9_999));
    assert.deepEqual(
      rows
        .filter((row) => row !== null)
        .map(({ attemptsLeft }) => attemptsLeft)
        .sort((one, other) => one - other),
      [0, 1, 2, 3, 4],
    );
    assert.deepEqual(
      await underTest.store.read.codes.find('recovery', 'guessed beside'),
      codeRow('guessed beside'),
    );
  });

  test('lets nobody guess at a code that is late, confirmed or not there', async () => {
    await call('codes', 'put', codeRow('late'));
    assert.equal(await call('codes', 'spendAttempt', 'recovery', 'late', 10_000), null);
    await call('codes', 'put', codeRow('confirmed', { confirmedAt: 1 }));
    assert.equal(await call('codes', 'spendAttempt', 'recovery', 'confirmed', 50), null);
    assert.equal(await call('codes', 'spendAttempt', 'recovery', 'none', 50), null);
  });

  test('confirms a code for one of 16, if it is the right one and in time', async () => {
    await call('codes', 'put', codeRow('to confirm', { attemptsLeft: 0 }));
    const confirm = (code: Buffer, now: number) =>
      call('codes', 'confirm', 'recovery', 'to confirm', code, now, 30_000);
    assert.equal(await confirm(Buffer.from('wrong'), 50), false);
    assert.equal(await confirm(right, 10_000), false, 'too late');
    const confirmed = await sixteen(() => confirm(right, 9_999));
    assert.equal(confirmed.filter(Boolean).length, 1);
    assert.deepEqual(
      await underTest.store.read.codes.find('recovery', 'to confirm'),
      codeRow('to confirm', { attemptsLeft: 0, confirmedAt: 9_999, expiresAt: 30_000 }),
    );
  });

  test('hands a confirmed code to one of 16, and none that is late or unconfirmed', async () => {
    const row = codeRow('to take', { confirmedAt: 5 });
    const take = (now: number) => call('codes', 'takeConfirmed', 'recovery', 'to take', now);
    await call('codes', 'put', codeRow('to take'));
    assert.equal(await take(50), null, 'unconfirmed');
    await call('codes', 'put', row);
    assert.equal(await take(10_000), null, 'too late');
    const taken = await sixteen(() => take(9_999));
    assert.deepEqual(
      taken.filter((each) => each !== null),
      [row],
    );
    assert.equal(await underTest.store.read.codes.find('recovery', 'to take'), null);
  });

  test('deletes the codes of one user, whatever they are for', async () => {
    const { read } = underTest.store;
    await call('codes', 'put', codeRow('of-u1', { userId: 'u1' }));
    await call('codes', 'put', codeRow('of-u1', { userId: 'u1', purpose: 'change_email' }));
    await call('codes', 'put', codeRow('of-u2', { userId: 'u2' }));
    await call('codes', 'deleteOfUser', 'u1');
    assert.equal(await read.codes.find('recovery', 'of-u1'), null);
    assert.equal(await read.codes.find('change_email', 'of-u1'), null);
    assert.ok(await read.codes.find('recovery', 'of-u2'));
  });

  test('hands out mails that are due, the longest waiting first', async () => {
    const { mails } = underTest.store.read;
    assert.equal(await mails.nextAttemptAt(), null);
    await call('mails', 'insert', mailRow('m1'));
    await call('mails', 'insert', mailRow('m2', { nextAttemptAt: 15 }));
    assert.deepEqual(await mails.due(20, 9), [mailRow('m2', { nextAttemptAt: 15 }), mailRow('m1')]);
    assert.deepEqual(
      (await mails.due(20, 1)).map(({ id }) => id),
      ['m2'],
    );
    assert.equal((await mails.due(19, 9)).length, 1);
    assert.equal(await mails.nextAttemptAt(), 15);
    assert.equal(await mails.waiting(), 2);
    await call('mails', 'postpone', 'm2', 3, 99);
    assert.deepEqual(await mails.due(99, 9), [
      mailRow('m1'),
      mailRow('m2', { nextAttemptAt: 99, attempts: 3 }),
    ]);
    await call('mails', 'settle', 'm1', 30);
    assert.equal(await mails.nextAttemptAt(), 99);
    assert.equal(await mails.waiting(), 1);
    await call('mails', 'settle', 'm2', 30);
    assert.deepEqual(await mails.due(1000, 9), []);
    assert.equal(await mails.waiting(), 0);
    assert.equal(await mails.nextAttemptAt(), null);
  });

  test('counts mails by kind, address and time, settled or not', async () => {
    const { mails } = underTest.store.read;
    const recipientHash = Buffer.from('counted');
    await call('mails', 'insert', mailRow('c1', { recipientHash, createdAt: 10 }));
    await call('mails', 'insert', mailRow('c2', { recipientHash, createdAt: 11 }));
    await call('mails', 'insert', mailRow('c3', { recipientHash, kind: 'email_code' }));
    await call('mails', 'insert', mailRow('c4', { recipientHash: Buffer.from('other') }));
    for (const id of ['c1', 'c3', 'c4']) await call('mails', 'settle', id, 5_000);
    assert.equal(await mails.countSince('recovery_code', recipientHash, 10), 2);
    assert.equal(await mails.countSince('recovery_code', recipientHash, 11), 1);
    assert.equal(await mails.countSince('recovery_code', recipientHash, 12), 0);
    assert.equal(await mails.countSince('email_code', recipientHash, 0), 1);
    assert.equal(await mails.countSince('password_changed', recipientHash, 0), 0);
    await call('mails', 'settle', 'c2', 5_000);
  });

  test('keeps and forgets guesses', async () => {
    const { guesses } = underTest.store.read;
    const guess = { subject: 'g', failures: 1, countedSince: 1, blockedUntil: 2 };
    const more = { subject: 'g', failures: 2, countedSince: 3, blockedUntil: 4 };
    await call('guesses', 'put', guess);
    assert.deepEqual(await guesses.find('g'), guess);
    await call('guesses', 'put', more);
    assert.deepEqual(await guesses.find('g'), more);
    await call('guesses', 'delete', 'g');
    assert.equal(await guesses.find('g'), null);
  });

  test('keeps one of 16 answers to the same idem, and forgets what it is told to', async () => {
    const { idempotency } = underTest.store.read;
    const answer = (scope: string, idem: string, at = 0): IdempotencyRow => ({
      scope,
      idem,
      contentHash: Buffer.from('content'),
      sealedAnswer: Buffer.from(`answer ${at}`),
      createdAt: 1,
    });
    const kept = await sixteen((at) =>
      call('idempotency', 'insert', answer('user:1', 'i', at)).then(
        () => at,
        (error: unknown) => {
          assert.ok(error instanceof UniqueConflict);
          return null;
        },
      ),
    );
    const winners = kept.filter((each) => each !== null);
    assert.equal(winners.length, 1);
    assert.deepEqual(await idempotency.find('user:1', 'i'), answer('user:1', 'i', winners[0]));
    for (const [scope, idem] of [
      ['user:1', 'j'],
      ['user:1', 'k'],
      ['session:1', 'i'],
    ] as const)
      await call('idempotency', 'insert', answer(scope, idem));
    await call('idempotency', 'delete', 'user:1', 'i');
    assert.equal(await idempotency.find('user:1', 'i'), null);
    assert.ok(await idempotency.find('user:1', 'j'));
    await call('idempotency', 'deleteOfScope', 'user:1');
    assert.equal(await idempotency.find('user:1', 'k'), null);
    assert.ok(await idempotency.find('session:1', 'i'));
  });

  test('replaces a fact by the next under its name', async () => {
    const { facts } = underTest.store.read;
    assert.equal(await facts.find('f'), null);
    await call('facts', 'put', 'f', Buffer.from('1'));
    await call('facts', 'put', 'f', Buffer.from([]));
    await call('facts', 'put', 'other', Buffer.from('3'));
    assert.deepEqual(await facts.find('f'), Buffer.alloc(0));
  });
}
