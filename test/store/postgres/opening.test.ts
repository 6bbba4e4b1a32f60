import assert from 'node:assert/strict';
import { appendFileSync, cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, describe, test } from 'node:test';
import pg from 'pg';
import { createAtRestKeys } from '../../../src/crypto/at-rest.ts';
import { DatabaseTooNew, StoreOpenError } from '../../../src/store/open-error.ts';
import { oldestMigrationFact } from '../../../src/store/postgres/migrations.ts';
import { NodeLock } from '../../../src/store/postgres/node-lock.ts';
import { holdsData, openPostgresStore } from '../../../src/store/postgres/open.ts';
import {
  type TestDatabase,
  newDatabase,
  postgresMigrations,
  skipWithoutPostgres,
  testOptions,
} from '../../support/postgres.ts';
import { until } from '../../support/test-server.ts';
import { newFolder, removeFolder } from '../../support/server-process.ts';
import { startProxy } from './cut-proxy.ts';
import { countTo, now, openNode } from './nodes.ts';

describe('opening a PostgreSQL database', { skip: skipWithoutPostgres }, () => {
  async function withDatabase(act: (database: TestDatabase) => Promise<void>): Promise<void> {
    const database = await newDatabase();
    try {
      await act(database);
    } finally {
      await database.drop();
    }
  }

  const sentence = (text: RegExp) => (error: unknown) =>
    error instanceof StoreOpenError && text.test(error.message) && !error.message.includes('hunter2');

  test('makes one of everything when several nodes start on a new one at once', () =>
    withDatabase(async (database) => {
      const stores = await Promise.all(countTo(4).map(() => openNode(database.url)));
      assert.equal(stores.filter(({ created }) => created).length, 1);
      const room = { kind: 'open', openHistory: false, joinedByAll: true } as const;
      const known = await Promise.all(
        stores.map(async (store, at) => {
          await store.transact('makeFirstDataKey', { now });
          const rooms = [{ ...room, id: `room-${at}`, name: 'Hall', nameKey: 'hall' }];
          await store.transact('makeDefaultRooms', { now, rooms });
          const { check } = createAtRestKeys(Buffer.alloc(32, at));
          return store.transact('keepFact', { name: 'master-key-check', value: check });
        }),
      );
      assert.equal(new Set(known.map((each) => Buffer.from(each).toString('hex'))).size, 1);
      assert.equal((await stores[0]!.read.dataKeys.all()).length, 1);
      assert.equal((await stores[0]!.read.rooms.listed()).length, 1);
      assert.deepEqual(await stores[0]!.maintenance.count(), {
        users: 0,
        sessions: 0,
        rooms: 1,
        messages: 0,
        auditEntries: 0,
      });
      assert.deepEqual(
        (await stores[0]!.maintenance.keyUse()).map(({ version, messages }) => [version, messages]),
        [[1, 0]],
      );
      await assert.rejects(stores[0]!.maintenance.backup(), /pg_dump/);
      await Promise.all(stores.map((store) => store.close()));
    }));

  test('tells whether there is something in it', () =>
    withDatabase(async (database) => {
      const options = testOptions(database.url);
      assert.equal(await holdsData(options, 'master-key-check'), false);
      const store = await openNode(database.url);
      assert.equal(await holdsData(options, 'master-key-check'), false);
      await store.transact('keepFact', { name: 'master-key-check', value: Buffer.from('x') });
      assert.equal(await holdsData(options, 'master-key-check'), true);
      await store.close();
    }));

  test('goes on beside a newer version that has only added to it', () =>
    withDatabase(async (database) => {
      await (await openNode(database.url)).close();
      const later = now * 2;
      await database.query("INSERT INTO __drizzle_migrations VALUES ('later', $1)", [later]);
      await (await openNode(database.url)).close();
      const [newest] = await database.query<{ at: string }>(
        'SELECT min(created_at) AS at FROM __drizzle_migrations',
      );
      const raise = (time: unknown) =>
        database.query(
          "INSERT INTO facts VALUES ($1, convert_to($2, 'UTF8')) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
          [oldestMigrationFact, String(time)],
        );
      await raise(newest?.at);
      await (await openNode(database.url)).close();
      await raise(later);
      await assert.rejects(openNode(database.url), DatabaseTooNew);
    }));

  test('refuses one that another version has changed past catching up', () =>
    withDatabase(async (database) => {
      await (await openNode(database.url)).close();
      await database.query("INSERT INTO __drizzle_migrations VALUES ('another', 5)");
      await assert.rejects(openNode(database.url), sentence(/cannot catch up/));
    }));

  test('leaves the database of another program alone', () =>
    withDatabase(async (database) => {
      await database.query('CREATE TABLE theirs (id int)');
      await assert.rejects(openNode(database.url), sentence(/another program: DATABASE_URL/));
      const tables = await database.query("SELECT FROM pg_tables WHERE schemaname = 'public'");
      assert.equal(tables.length, 1);
    }));

  test('undoes a migration that fails, all of it', (context) =>
    withDatabase(async (database) => {
      const folder = newFolder();
      context.after(() => removeFolder(folder));
      cpSync(postgresMigrations, folder, { recursive: true });
      const file = readdirSync(folder).find((name) => name.endsWith('.sql')) ?? '';
      appendFileSync(path.join(folder, file), '--> statement-breakpoint\nCREATE NONSENSE;');
      const open = (migrationsFolder: string) =>
        openPostgresStore({
          postgres: testOptions(database.url),
          migrationsFolder,
          isOneOfSeveral: false,
          functions: {},
          subjects: {},
        });
      await assert.rejects(open(folder), sentence(/syntax error/));
      assert.equal((await database.query("SELECT FROM pg_tables WHERE schemaname = 'public'")).length, 0);
      await (await open(postgresMigrations)).close();
    }));

  test('waits with a migration for a table in use, and holds up nobody who uses it too', (context) =>
    withDatabase(async (database) => {
      const running = await openNode(database.url);
      await running.transact('keepFact', { name: 'known', value: Buffer.from('x') });
      const reader = await database.connect();
      await reader.query("SET application_name = 'a backup'; BEGIN; SELECT FROM facts");
      const waits: string[] = [];
      const opening = openPostgresStore({
        postgres: testOptions(database.url),
        migrationsFolder: withOneMore(context, 'ALTER TABLE facts ADD COLUMN added text;'),
        isOneOfSeveral: true,
        functions: {},
        subjects: {},
        onWait: (sentence) => waits.push(sentence),
      });
      await until(async () => waits[0], 'a migration that waits');
      assert.match(waits[0] ?? '', /a test waits for tables that are in use: a backup \(process \d+\)/);
      assert.ok(await running.read.facts.find('known'));
      await running.transact('keepFact', { name: 'beside', value: Buffer.from('x') });
      await reader.query('COMMIT');
      await (await opening).close();
      assert.equal((await database.query('SELECT added FROM facts')).length, 2);
      assert.ok(await running.read.facts.find('known'));
      await running.close();
    }));

  test('keeps nodes that share nothing from running side by side', () =>
    withDatabase(async (database) => {
      const open = (isOneOfSeveral: boolean) =>
        openPostgresStore({
          postgres: testOptions(database.url),
          migrationsFolder: postgresMigrations,
          isOneOfSeveral,
          functions: {},
          subjects: {},
        });
      const lone = await open(false);
      const refusals = [open(false), open(true)].map((opening) =>
        assert.rejects(opening, sentence(/the same REDIS_URL on each of them/)),
      );
      await Promise.all(refusals);
      await lone.close();
      const several = await Promise.all([open(true), open(true)]);
      await assert.rejects(open(false), sentence(/Another server runs on the database/));
      await Promise.all(several.map((store) => store.close()));
      await (await open(false)).close();
    }));

  test('has its lock again when the server has ended the connection that held it', () =>
    withDatabase(async (database) => {
      const open = () =>
        openPostgresStore({
          postgres: testOptions(database.url),
          migrationsFolder: postgresMigrations,
          isOneOfSeveral: false,
          functions: {},
          subjects: {},
        });
      const lone = await open();
      const holders = (): Promise<{ pid: number }[]> =>
        database.query(
          "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'letterlock node'",
        ) as Promise<{ pid: number }[]>;
      const [first] = await holders();
      await database.query(`SELECT pg_terminate_backend(${first?.pid})`);
      await until(async () => {
        const [holder] = await holders();
        return (holder !== undefined && holder.pid !== first?.pid) || undefined;
      }, 'another connection');
      await assert.rejects(open(), sentence(/Another server runs on the database/));
      await lone.close();
    }));

  test('has its lock over a connection that ends soon after the machine of its node is gone', (context) =>
    withDatabase(async (database) => {
      const connect = context.mock.method(pg.Client.prototype, 'connect');
      const lock = new NodeLock(testOptions(database.url), false);
      await lock.take();
      const client = connect.mock.calls[0]?.this as pg.Client | undefined;
      const inForce = async (name: string): Promise<number> => {
        const result = await client?.query<{ value: string }>(
          `SELECT setting AS value FROM pg_settings WHERE name = '${name}'`,
        );
        return Number(result?.rows[0]?.value);
      };
      if (await isOverTcp(database)) {
        const [idle, interval, count] = [
          await inForce('tcp_keepalives_idle'),
          await inForce('tcp_keepalives_interval'),
          await inForce('tcp_keepalives_count'),
        ];
        const seconds = idle + interval * count;
        assert.ok(seconds > 0 && seconds < 15, `${seconds} s`);
        assert.equal(await inForce('tcp_user_timeout'), seconds * 1_000);
      }
      await lock.close();
    }));

  test('has its lock again where the connection was lost without a word', (context) =>
    withDatabase(async (database) => {
      const proxy = await startProxy(database.url);
      const lock = new NodeLock(testOptions(proxy.url), false, 200);
      await lock.take();
      const connect = context.mock.method(pg.Client.prototype, 'connect');
      proxy.stall();
      await until(async () => connect.mock.callCount() > 0 || undefined, 'another connection');
      await proxy.mend();
      const held = `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
      await until(async () => (await database.query(held)).length > 0 || undefined, 'the lock');
      await lock.close();
      await proxy.end();
    }));

  const unusable: [string, (url: URL) => void, RegExp][] = [
    ['a server that is not there', (url) => (url.port = '1'), /cannot be reached/],
    [
      'a host that is none',
      (url) => (url.hostname = 'nowhere.invalid'),
      /no host of the name|cannot be reached/,
    ],
    ['a database that is not there', (url) => (url.pathname = '/letterlock_none'), /no such database/],
    ['a user that is not known', (url) => (url.username = 'nobody_known'), /user and password/],
  ];
  for (const [what, change, expected] of unusable) {
    test(`says in a sentence that it cannot use ${what}`, () =>
      withDatabase(async (database) => {
        const url = new URL(database.url);
        url.password = 'hunter2';
        change(url);
        await assert.rejects(openNode(url.href), sentence(expected));
      }));
  }
});

/** A folder with all migrations and another one after them. */
function withOneMore(context: TestContext, statement: string): string {
  const folder = newFolder();
  context.after(() => removeFolder(folder));
  cpSync(postgresMigrations, folder, { recursive: true });
  const file = path.join(folder, 'meta', '_journal.json');
  const journal = JSON.parse(readFileSync(file, 'utf8')) as { entries: { idx: number; when: number }[] };
  const last = journal.entries.at(-1)!;
  journal.entries.push({ ...last, idx: last.idx + 1, when: last.when + 1, ...{ tag: 'one_more' } });
  writeFileSync(file, JSON.stringify(journal));
  writeFileSync(path.join(folder, 'one_more.sql'), statement);
  return folder;
}

/** Whether the server is reached over TCP, not over a Unix socket. */
async function isOverTcp(database: TestDatabase): Promise<boolean> {
  const [row] = await database.query<{ over: boolean }>('SELECT inet_server_port() IS NOT NULL AS over');
  return row?.over === true;
}
