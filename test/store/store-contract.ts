import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Refusal } from '../../src/core/errors.ts';
import {
  type CodeRow,
  type Store,
  StoreFailure,
  type Transaction,
  UniqueConflict,
  type UserRow,
} from '../../src/core/store.ts';
import type { TestTransactions } from './transactions-under-test.ts';

/** A user's row, by a number. */
export function userRow(number: number): UserRow {
  return {
    id: `user-${number}`,
    username: `Name${number}`,
    usernameKey: `name${number}`,
    email: `Name${number}@example.org`,
    emailKey: `name${number}@example.org`,
    role: 'user',
    passwordSalt: Buffer.alloc(32, number),
    passwordVerifier: 'phc',
    createdAt: number,
    deletedAt: null,
  };
}

/** What every store has to do, whatever it stands on. */
export function storeContract(
  name: string,
  open: () => Promise<{ store: Store<TestTransactions>; end: () => Promise<void> }>,
): void {
  describe(`the store on ${name}`, () => {
    let store: Store<TestTransactions>;
    let end: () => Promise<void>;
    before(async () => {
      ({ store, end } = await open());
    });
    after(() => end());

    const call = (part: keyof Transaction, method: string, ...parameters: unknown[]): Promise<unknown> =>
      store.transact('call', { part, method, parameters });

    test('reads what was acknowledged, bytes as Buffers', async () => {
      await store.transact('insertUser', userRow(1));
      const row = await store.read.users.byId('user-1');
      assert.deepEqual(row, userRow(1));
      assert.ok(Buffer.isBuffer(row?.passwordSalt));
      assert.deepEqual(await store.read.users.byUsernameKey('name1'), row);
      assert.deepEqual(await store.read.users.byEmailKey('name1@example.org'), row);
      assert.equal(await store.read.users.byId('nobody'), null);
      assert.deepEqual(await call('users', 'byId', 'user-1'), row);
    });

    test('says which value somebody has already', async () => {
      await store.transact('insertUser', userRow(2));
      const conflict = (field: string) => (error: unknown) =>
        error instanceof UniqueConflict && error.field === field;
      await assert.rejects(
        store.transact('insertUser', { ...userRow(3), usernameKey: 'name2' }),
        conflict('username'),
      );
      await assert.rejects(
        store.transact('insertUser', { ...userRow(3), emailKey: 'name2@example.org' }),
        conflict('email'),
      );
      await assert.rejects(call('users', 'update', 'user-1', { usernameKey: 'name2' }), conflict('username'));
      assert.equal(await store.read.users.byId('user-3'), null);
    });

    test('lets deleted users share having no name', async () => {
      const gone = { username: null, usernameKey: null, email: null, emailKey: null, deletedAt: 5 };
      await store.transact('insertUser', { ...userRow(10), ...gone });
      await store.transact('insertUser', { ...userRow(11), ...gone });
      assert.equal((await store.read.users.byId('user-11'))?.username, null);
    });

    test('keeps sessions with their keys, and ends them together', async () => {
      await store.transact('insertUser', userRow(4));
      const session = {
        id: 's1',
        userId: 'user-4',
        createdAt: 1,
        lastUsedAt: 5,
        endsAt: 9,
        address: 'a',
        client: 'c',
      };
      const key = {
        id: 'k1',
        sessionId: 's1',
        enc: 'A256GCM',
        sealedKey: Buffer.from('x'),
        createdAt: 1,
        retiresAt: null,
        windowReserved: 7,
        sealsReserved: 8,
      };
      await call('sessions', 'insert', session);
      await call('sessions', 'insert', { ...session, id: 's2', lastUsedAt: 6 });
      await call('sessions', 'insertKey', key);
      assert.deepEqual(await store.read.sessions.byKeyId('k1'), { key, session });
      assert.deepEqual(
        (await store.read.sessions.ofUser('user-4')).map(({ id }) => id),
        ['s2', 's1'],
      );
      assert.equal(await call('sessions', 'reserve', 'k1', 100, 3), true);
      assert.equal(await call('sessions', 'reserve', 'k1', 50, 200), true);
      assert.equal(await call('sessions', 'reserve', 'none', 50, 200), false);
      const reserved = (await store.read.sessions.byKeyId('k1'))?.key;
      assert.deepEqual([reserved?.windowReserved, reserved?.sealsReserved], [100, 200]);
      await call('sessions', 'touch', 's1', 50);
      await call('sessions', 'touch', 's1', 40);
      assert.equal((await store.read.sessions.byId('s1'))?.lastUsedAt, 50);
      await call('sessions', 'retireKey', 'k1', 77);
      assert.equal((await store.read.sessions.byKeyId('k1'))?.key.retiresAt, 77);
      await call('sessions', 'changeUser', 's2', 'user-1');
      await call('sessions', 'deleteOfUser', 'user-4', 's1');
      assert.ok(await store.read.sessions.byKeyId('k1'));
      assert.equal(await call('sessions', 'delete', 's1'), true);
      assert.equal(await call('sessions', 'delete', 's1'), false);
      assert.equal(await store.read.sessions.byKeyId('k1'), null);
      assert.ok(await store.read.sessions.byId('s2'));
    });

    test('keeps the versions of user keys, newest first', async () => {
      await store.transact('insertUser', userRow(5));
      assert.ok((await store.read.userKeys.usersWithoutKey(100)).includes('user-5'));
      assert.ok(
        !(await store.read.userKeys.usersWithoutKey(100)).includes('user-10'),
        'not for deleted users',
      );
      const key = {
        userId: 'user-5',
        kid: 'a',
        modulus: 'm',
        sealedPrivateKey: null,
        version: 1,
        createdAt: 1,
      };
      await call('userKeys', 'insert', key);
      await call('userKeys', 'insert', { ...key, kid: 'b', version: 2, sealedPrivateKey: Buffer.from('s') });
      assert.deepEqual(
        (await store.read.userKeys.ofUser('user-5')).map(({ kid }) => kid),
        ['b', 'a'],
      );
      assert.deepEqual(await store.read.userKeys.byKid('user-5', 'a'), key);
      assert.ok(!(await store.read.userKeys.usersWithoutKey(100)).includes('user-5'));
      await call('userKeys', 'deleteOfUser', 'user-5');
      assert.deepEqual(await store.read.userKeys.ofUser('user-5'), []);
    });

    test('lets one of 16 win at every step of a code', async () => {
      const code: CodeRow = {
        purpose: 'recovery',
        subject: 's',
        userId: 'user-1',
        codeHash: Buffer.from('right'),
        email: null,
        expiresAt: 100,
        attemptsLeft: 5,
        confirmedAt: null,
      };
      const sixteen = (make: () => Promise<unknown>): Promise<unknown[]> =>
        Promise.all(Array.from({ length: 16 }, make));
      await call('codes', 'put', { ...code, attemptsLeft: 1 });
      await call('codes', 'put', code);
      const attempts = await sixteen(() => call('codes', 'spendAttempt', 'recovery', 's', 50));
      assert.deepEqual(
        attempts.map((row) => (row as CodeRow | null)?.attemptsLeft).filter((left) => left !== undefined),
        [4, 3, 2, 1, 0],
      );
      assert.equal(await call('codes', 'confirm', 'recovery', 's', Buffer.from('wrong'), 50, 200), false);
      assert.equal(
        await call('codes', 'confirm', 'recovery', 's', Buffer.from('right'), 100, 200),
        false,
        'too late',
      );
      const confirmed = await sixteen(() =>
        call('codes', 'confirm', 'recovery', 's', Buffer.from('right'), 50, 200),
      );
      assert.equal(confirmed.filter(Boolean).length, 1);
      assert.equal(await call('codes', 'spendAttempt', 'recovery', 's', 50), null, 'nothing to guess at');
      assert.equal(await call('codes', 'takeConfirmed', 'recovery', 's', 200), null, 'too late');
      const taken = await sixteen(() => call('codes', 'takeConfirmed', 'recovery', 's', 150));
      assert.equal(taken.filter(Boolean).length, 1);
      assert.equal(await store.read.codes.find('recovery', 's'), null);
    });

    test('hands out mails that are due, counts them, and wipes what is settled', async () => {
      const mail = {
        id: 'm1',
        kind: 'recovery_code',
        recipientHash: Buffer.from('r'),
        sealedContent: Buffer.from('secret'),
        createdAt: 10,
        nextAttemptAt: 20,
        attempts: 0,
        settledAt: null,
      };
      await call('mails', 'insert', mail);
      await call('mails', 'insert', { ...mail, id: 'm2', nextAttemptAt: 15 });
      assert.deepEqual(
        (await store.read.mails.due(20, 9)).map(({ id }) => id),
        ['m2', 'm1'],
      );
      assert.equal((await store.read.mails.due(20, 1)).length, 1);
      assert.equal(await store.read.mails.nextAttemptAt(), 15);
      assert.equal(await store.read.mails.countSince('recovery_code', Buffer.from('r'), 10), 2);
      assert.equal(await store.read.mails.countSince('recovery_code', Buffer.from('r'), 11), 0);
      assert.equal(await store.read.mails.countSince('email_code', Buffer.from('r'), 10), 0);
      await call('mails', 'postpone', 'm2', 1, 99);
      await call('mails', 'settle', 'm1', 30);
      assert.deepEqual(await store.read.mails.due(50, 9), []);
      assert.equal(await store.read.mails.nextAttemptAt(), 99);
      assert.equal(await store.read.mails.countSince('recovery_code', Buffer.from('r'), 10), 2);
      await call('mails', 'settle', 'm2', 30);
    });

    test('keeps guesses, answers and facts', async () => {
      const guess = { subject: 'g', failures: 1, countedSince: 1, blockedUntil: 2 };
      await call('guesses', 'put', guess);
      await call('guesses', 'put', { ...guess, failures: 2 });
      assert.equal((await store.read.guesses.find('g'))?.failures, 2);
      await call('guesses', 'delete', 'g');
      assert.equal(await store.read.guesses.find('g'), null);
      const answer = {
        scope: 'user:1',
        idem: 'i',
        contentHash: Buffer.from('h'),
        sealedAnswer: Buffer.from('a'),
        createdAt: 1,
      };
      await call('idempotency', 'insert', answer);
      await assert.rejects(call('idempotency', 'insert', answer), UniqueConflict);
      assert.deepEqual(await store.read.idempotency.find('user:1', 'i'), answer);
      await call('idempotency', 'deleteOfScope', 'user:1');
      assert.equal(await store.read.idempotency.find('user:1', 'i'), null);
      await call('facts', 'put', 'f', Buffer.from('1'));
      await call('facts', 'put', 'f', Buffer.from('2'));
      assert.equal(String(await store.read.facts.find('f')), '2');
    });

    test('undoes all of a function that refuses, and tells its refusal whole', async () => {
      await assert.rejects(store.transact('writeThenRefuse', undefined), (error) => {
        assert.ok(error instanceof Refusal);
        assert.equal(error.code, 'code_wrong');
        assert.deepEqual(error.members, {
          attemptsLeft: 3,
          detail: 'no',
          errors: { a: 'b' },
          retryAfter: 4,
          nextSeq: 5,
        });
        return true;
      });
      assert.equal(await store.read.facts.find('refused'), null);
    });

    test('undoes all of a function that fails or returns what cannot be sent, and leaves its neighbours alone', async () => {
      const results = await Promise.allSettled([
        store.transact('insertPair', 'before'),
        store.transact('writeThenFail', undefined),
        store.transact('returnFunction', undefined),
        store.transact('insertPair', 'after'),
      ]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
      );
      const [, failed] = results;
      assert.ok(failed?.status === 'rejected' && failed.reason instanceof StoreFailure);
      assert.match((failed.reason.cause as Error).message, /a bug/);
      for (const name of ['failed', 'uncloneable']) assert.equal(await store.read.facts.find(name), null);
      for (const name of ['before first', 'before second', 'after first', 'after second']) {
        assert.ok(await store.read.facts.find(name), name);
      }
    });

    test('hands its functions their environment, and knows no others', async () => {
      assert.equal(await store.transact('greet', undefined), 'hello');
      await assert.rejects(store.transact('toString' as never, undefined as never), StoreFailure);
    });

    test('deletes what has expired, in steps', async () => {
      for (let at = 0; at < 5; at++) {
        await call('guesses', 'put', {
          subject: `old ${at}`,
          failures: 1,
          countedSince: 499,
          blockedUntil: 0,
        });
        await call('codes', 'put', {
          purpose: 'recovery',
          subject: `old ${at}`,
          userId: null,
          codeHash: Buffer.from('x'),
          email: null,
          expiresAt: 999,
          attemptsLeft: 5,
          confirmedAt: null,
        });
      }
      await call('guesses', 'put', { subject: 'new', failures: 1, countedSince: 500, blockedUntil: 0 });
      let steps = 0;
      while ((await store.transact('deleteExpired', 2)) > 0) steps += 1;
      assert.ok(steps >= 3);
      assert.ok(await store.read.guesses.find('new'));
      assert.equal(await store.read.guesses.find('old 4'), null);
      assert.equal(await store.read.codes.find('recovery', 'old 4'), null);
      assert.equal(await store.read.mails.countSince('recovery_code', Buffer.from('r'), 0), 0);
    });

    test('says that it can be written', () => store.check());
  });
}
