import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { SqliteDatabase } from '../../src/store/sqlite/driver.ts';
import { Refusal } from '../../src/core/errors.ts';
import { StoreFailure } from '../../src/core/store.ts';
import { StoreOpenError } from '../../src/store/open-error.ts';
import { type SqliteStore, openSqliteStore } from '../../src/store/sqlite/open.ts';
import { newFolder, removeFolder } from '../support/server-process.ts';
import { storeContract } from './store-contract.ts';
import type { TestTransactions } from './transactions-under-test.ts';

const migrationsFolder = path.join(import.meta.dirname, '..', '..', '..', 'drizzle');
const folders: string[] = [];
after(() => folders.forEach(removeFolder));

function folder(): string {
  const made = newFolder();
  folders.push(made);
  return made;
}

function open(
  file: string,
  options: { waiting?: number; migrationsFolder?: string; onFatal?: (error: Error) => void } = {},
): Promise<SqliteStore<TestTransactions>> {
  return openSqliteStore<TestTransactions>({
    path: file,
    migrationsFolder,
    transactions: {
      module: new URL('./transactions-under-test.js', import.meta.url),
      environment: { greeting: 'hello' },
    },
    ...options,
  });
}

storeContract('SQLite', async () => {
  const store = await open(path.join(folder(), 'test.db'));
  return { store, end: () => store.close() };
});

describe('a SQLite store', () => {
  test('shares commits among writes that arrive together', async () => {
    const store = await open(path.join(folder(), 'test.db'));
    const before = { ...store.counts };
    await Promise.all(Array.from({ length: 300 }, (_, at) => store.transact('insertPair', `n${at}`)));
    assert.equal(store.counts.calls - before.calls, 300);
    assert.ok(store.counts.commits - before.commits <= 4, `${store.counts.commits} commits`);
    await store.close();
  });

  test('refuses early when too many wait', async () => {
    const store = await open(path.join(folder(), 'test.db'), { waiting: 10 });
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, at) => store.transact('insertPair', `n${at}`)),
    );
    const refused = results.filter(
      (each) => each.status === 'rejected' && each.reason instanceof Refusal && each.reason.code === 'busy',
    );
    assert.equal(refused.length, 40);
    await store.close();
  });

  test('finishes what was handed in before it closes, and takes nothing more', async () => {
    const file = path.join(folder(), 'test.db');
    const store = await open(file);
    const writes = Array.from({ length: 100 }, (_, at) => store.transact('insertPair', `n${at}`));
    await store.close();
    await Promise.all(writes);
    await assert.rejects(store.transact('insertPair', 'late'), StoreFailure);
    const again = await open(file);
    assert.ok(await again.read.facts.find('n99 second'));
    await again.close();
  });

  test('undoes a function that waits for what is no part of its transaction, and what it writes later', async () => {
    const store = await open(path.join(folder(), 'test.db'));
    const [waited, neighbour] = await Promise.allSettled([
      store.transact('waitForSomething', undefined),
      store.transact('insertPair', 'neighbour'),
    ]);
    assert.ok(waited.status === 'rejected' && waited.reason instanceof StoreFailure);
    assert.match(String(waited.reason.cause), /waits for something/);
    assert.equal(neighbour.status, 'fulfilled');
    await store.transact('insertPair', 'later');
    for (const name of ['waited', 'written late']) assert.equal(await store.read.facts.find(name), null);
    await store.close();
  });

  test('is readable by its owner only', async () => {
    const file = path.join(folder(), 'test.db');
    const store = await open(file);
    await store.transact('insertPair', 'x');
    for (const suffix of ['', '-wal', '-shm'])
      assert.equal(statSync(file + suffix).mode & 0o777, 0o600, suffix);
    await store.close();
  });

  test('writes ahead to a log of its own', async () => {
    const file = path.join(folder(), 'test.db');
    const store = await open(file);
    const other = new SqliteDatabase(file, { readonly: true });
    assert.equal(other.pragma('journal_mode', { simple: true }), 'wal');
    other.close();
    await store.close();
  });

  test('keeps a second server away, until the first is gone', async () => {
    const file = path.join(folder(), 'test.db');
    const store = await open(file);
    await assert.rejects(
      open(file),
      (error) => error instanceof StoreOpenError && /Another server/.test(error.message),
    );
    await store.close();
    await (await open(file)).close();
  });

  test('refuses a database that a newer program has changed', async () => {
    const own = folder();
    const file = path.join(own, 'test.db');
    await (await open(file)).close();
    const database = new SqliteDatabase(file);
    database
      .prepare("insert into __drizzle_migrations (hash, created_at) values ('future', ?)")
      .run(Date.now() * 2);
    database.close();
    await assert.rejects(
      open(file),
      (error) => error instanceof StoreOpenError && /newer version/.test(error.message),
    );
  });

  test('says in a sentence why it cannot be opened', async () => {
    const own = folder();
    const notOne = path.join(own, 'text.db');
    writeFileSync(
      notOne,
      'this is no database at all, but a text that is long enough to be looked at'.repeat(20),
    );
    await assert.rejects(
      open(notOne),
      (error) => error instanceof StoreOpenError && /no SQLite database/.test(error.message),
    );
    await assert.rejects(
      open(path.join(own, 'missing', 'x.db')),
      (error) => error instanceof StoreOpenError && /cannot be opened/.test(error.message),
    );
    mkdirSync(path.join(own, 'folder.db'));
    await assert.rejects(open(path.join(own, 'folder.db')), StoreOpenError);
  });
});
