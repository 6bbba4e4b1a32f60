import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreFailure, UniqueConflict } from '../../../src/core/store.ts';
import { type StoreUnderTest, sixteen } from '../store-contract.ts';
import { sessionKeyRow, sessionRow, userKeyRow, userRow } from './rows.ts';

const conflictOf = (field: UniqueConflict['field']) => (error: unknown) =>
  error instanceof UniqueConflict && error.field === field;

/** Users, sessions, user keys: what lasts. */
export function accountRowsContract(underTest: StoreUnderTest): void {
  const { call } = underTest;

  test('reads a user that was acknowledged, bytes as Buffers', async () => {
    const { read } = underTest.store;
    const row = userRow('ada');
    await call('users', 'insert', row);
    assert.deepEqual(await read.users.byId('ada'), row);
    assert.deepEqual(await read.users.byUsernameKey('ada'), row);
    assert.deepEqual(await read.users.byEmailKey('ada@example.org'), row);
    assert.ok(Buffer.isBuffer((await read.users.byId('ada'))?.passwordSalt));
    assert.deepEqual(await call('users', 'byId', 'ada'), row);
    assert.equal(await read.users.byId('nobody'), null);
    assert.equal(await read.users.byUsernameKey('ADA'), null);
    assert.equal(await read.users.byEmailKey('nobody'), null);
  });

  test('finds the user whom a directory knows, and there is one', async () => {
    const { read } = underTest.store;
    const row = userRow('dora', { directoryUid: 'dora.elsewhere' });
    await call('users', 'insert', row);
    assert.deepEqual(await read.users.byDirectoryUid('dora.elsewhere'), row);
    assert.equal(await read.users.byDirectoryUid('dora'), null);
    const other = userRow('doras-rival', { directoryUid: 'dora.elsewhere' });
    await assert.rejects(call('users', 'insert', other), conflictOf('username'));
  });

  test('changes the named columns of one user only', async () => {
    const { read } = underTest.store;
    await call('users', 'insert', userRow('bob'));
    await call('users', 'insert', userRow('bystander'));
    await call('users', 'update', 'bob', { role: 'admin', passwordVerifier: null });
    assert.deepEqual(await read.users.byId('bob'), userRow('bob', { role: 'admin', passwordVerifier: null }));
    assert.deepEqual(await read.users.byId('bystander'), userRow('bystander'));
  });

  test('says which value somebody has already', async () => {
    await call('users', 'insert', userRow('eve'));
    const other = userRow('mallory');
    await assert.rejects(call('users', 'insert', { ...other, usernameKey: 'eve' }), conflictOf('username'));
    await assert.rejects(
      call('users', 'insert', { ...other, emailKey: 'eve@example.org' }),
      conflictOf('email'),
    );
    await assert.rejects(call('users', 'insert', { ...other, id: 'eve' }), conflictOf('other'));
    await call('users', 'insert', other);
    await assert.rejects(call('users', 'update', 'mallory', { usernameKey: 'eve' }), conflictOf('username'));
    await assert.rejects(
      call('users', 'update', 'mallory', { emailKey: 'eve@example.org' }),
      conflictOf('email'),
    );
    assert.deepEqual(await underTest.store.read.users.byId('mallory'), other);
  });

  test('gives a name to one of 16 who want it', async () => {
    const outcomes = await sixteen((at) =>
      call('users', 'insert', userRow(`rival-${at}`, { usernameKey: 'wanted' })).then(
        () => 'has it',
        (error: unknown) => (conflictOf('username')(error) ? 'too late' : error),
      ),
    );
    assert.equal(outcomes.filter((outcome) => outcome === 'has it').length, 1);
    assert.equal(outcomes.filter((outcome) => outcome === 'too late').length, 15);
  });

  test('lets deleted users share having no name', async () => {
    const gone = { username: null, usernameKey: null, email: null, emailKey: null, deletedAt: 5 };
    await call('users', 'insert', userRow('gone-1', gone));
    await call('users', 'insert', userRow('gone-2', gone));
    assert.deepEqual(await underTest.store.read.users.byId('gone-2'), userRow('gone-2', gone));
  });

  test('keeps sessions with their keys', async () => {
    const { read } = underTest.store;
    await call('users', 'insert', userRow('carol'));
    const session = sessionRow('s1', 'carol');
    const key = sessionKeyRow('k1', 's1', { enc: 'A256CBC-HS512', retiresAt: 99 });
    await call('sessions', 'insert', session);
    await call('sessions', 'insert', sessionRow('s2', 'carol', { lastUsedAt: 10_001 }));
    await call('sessions', 'insertKey', key);
    assert.deepEqual(await read.sessions.byId('s1'), session);
    assert.deepEqual(await read.sessions.byKeyId('k1'), { key, session });
    assert.deepEqual(await read.sessions.byKeyIds(['none', 'k1', 's1']), [{ key, session }]);
    assert.deepEqual(await read.sessions.byKeyIds([]), []);
    assert.equal(await read.sessions.byId('none'), null);
    assert.equal(await read.sessions.byKeyId('s1'), null);
    const mostRecentFirst = await read.sessions.ofUser('carol');
    assert.deepEqual(
      mostRecentFirst.map(({ id }) => id),
      ['s2', 's1'],
    );
    await assert.rejects(call('sessions', 'insertKey', sessionKeyRow('k9', 'none')), StoreFailure);
    await assert.rejects(call('sessions', 'insert', sessionRow('s9', 'nobody')), StoreFailure);
  });

  test('raises what a session key has reserved, and never lowers it', async () => {
    const reserved = async (): Promise<unknown[]> => {
      const key = (await underTest.store.read.sessions.byKeyId('k-reserve'))?.key;
      return [key?.windowReserved, key?.sealsReserved];
    };
    await call('users', 'insert', userRow('dan'));
    await call('sessions', 'insert', sessionRow('s-reserve', 'dan'));
    await call('sessions', 'insertKey', sessionKeyRow('k-reserve', 's-reserve'));
    assert.equal(await call('sessions', 'reserve', 'k-reserve', 100, 3), true);
    assert.deepEqual(await reserved(), [100, 8]);
    assert.equal(await call('sessions', 'reserve', 'k-reserve', 50, 200), true);
    assert.deepEqual(await reserved(), [100, 200]);
    await sixteen((at) => call('sessions', 'reserve', 'k-reserve', 1000 - at, 1000 - at));
    assert.deepEqual(await reserved(), [1000, 1000]);
    const most = Number.MAX_SAFE_INTEGER;
    await call('sessions', 'reserve', 'k-reserve', most, most);
    assert.deepEqual(await reserved(), [most, most]);
    assert.equal(await call('sessions', 'reserve', 'none', 1, 1), false);
  });

  test('moves, touches and retires, each the one that was named', async () => {
    const { read } = underTest.store;
    await call('users', 'insert', userRow('frank'));
    await call('users', 'insert', userRow('grace'));
    for (const id of ['s-moved', 's-stays']) {
      await call('sessions', 'insert', sessionRow(id, 'frank'));
      await call('sessions', 'insertKey', sessionKeyRow(`k-${id}`, id));
    }
    await call('sessions', 'changeUser', 's-moved', 'grace');
    await call('sessions', 'touch', 's-moved', 10_050);
    await call('sessions', 'touch', 's-moved', 10_040);
    await call('sessions', 'retireKey', 'k-s-moved', 77);
    assert.deepEqual(await read.sessions.byKeyId('k-s-moved'), {
      key: sessionKeyRow('k-s-moved', 's-moved', { retiresAt: 77 }),
      session: sessionRow('s-moved', 'grace', { lastUsedAt: 10_050 }),
    });
    assert.deepEqual(await read.sessions.byKeyId('k-s-stays'), {
      key: sessionKeyRow('k-s-stays', 's-stays'),
      session: sessionRow('s-stays', 'frank'),
    });
  });

  test('ends sessions with their keys, and tells one of 16 that it did', async () => {
    const { read } = underTest.store;
    await call('users', 'insert', userRow('heidi'));
    await call('users', 'insert', userRow('ivan'));
    for (const [id, userId] of [
      ['e1', 'heidi'],
      ['e2', 'heidi'],
      ['e3', 'heidi'],
      ['e4', 'ivan'],
    ] as const) {
      await call('sessions', 'insert', sessionRow(id, userId));
      await call('sessions', 'insertKey', sessionKeyRow(`k-${id}`, id));
    }
    const ended = await sixteen(() => call('sessions', 'delete', 'e1'));
    assert.equal(ended.filter(Boolean).length, 1);
    assert.equal(await read.sessions.byKeyId('k-e1'), null);
    await call('sessions', 'deleteOfUser', 'heidi', 'e3');
    assert.equal(await read.sessions.byKeyId('k-e2'), null);
    assert.ok(await read.sessions.byKeyId('k-e3'));
    await call('sessions', 'deleteOfUser', 'heidi');
    assert.deepEqual(await read.sessions.ofUser('heidi'), []);
    assert.ok(await read.sessions.byKeyId('k-e4'), 'another user keeps theirs');
  });

  test('keeps the versions of user keys, newest first', async () => {
    const { read } = underTest.store;
    await call('users', 'insert', userRow('judy'));
    await call('users', 'insert', userRow('ken'));
    await call('userKeys', 'insert', userKeyRow('judy', 1, { sealedPrivateKey: null }));
    await call('userKeys', 'insert', userKeyRow('judy', 2));
    await call('userKeys', 'insert', userKeyRow('ken', 1));
    assert.deepEqual(await read.userKeys.ofUser('judy'), [
      userKeyRow('judy', 2),
      userKeyRow('judy', 1, { sealedPrivateKey: null }),
    ]);
    assert.deepEqual(await read.userKeys.byKid('judy', 'kid-2'), userKeyRow('judy', 2));
    assert.equal(await read.userKeys.byKid('judy', 'kid-3'), null);
    await assert.rejects(call('userKeys', 'insert', userKeyRow('judy', 2, { kid: 'other' })));
    await call('userKeys', 'deleteOfUser', 'judy');
    assert.deepEqual(await read.userKeys.ofUser('judy'), []);
    assert.equal((await read.userKeys.ofUser('ken')).length, 1);
  });

  test('lists users that have no key, oldest first, without those who are gone', async () => {
    const { read } = underTest.store;
    await call('users', 'insert', userRow('keyless-2', { createdAt: -2 }));
    await call('users', 'insert', userRow('keyless-3', { createdAt: -3 }));
    await call('users', 'insert', userRow('keyless-4', { createdAt: -4, deletedAt: 1 }));
    await call('users', 'insert', userRow('keyless-5', { createdAt: -5 }));
    await call('userKeys', 'insert', userKeyRow('keyless-5', 1));
    assert.deepEqual(await read.userKeys.usersWithoutKey(2), ['keyless-3', 'keyless-2']);
  });
}
