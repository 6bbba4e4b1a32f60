import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MaintenanceError } from '../../src/core/maintenance.ts';
import { createAtRestKeys } from '../../src/crypto/at-rest.ts';
import { carriedTables } from '../../src/store/migrate/carried-tables.ts';
import { endProgress, readProgress, replaceProgress } from '../../src/store/migrate/progress.ts';
import { StoreOpenError } from '../../src/store/open-error.ts';
import { holdsData } from '../../src/store/postgres/open.ts';
import { verifyPostgres } from '../../src/store/postgres/verify.ts';
import { lockDatabase } from '../../src/store/sqlite/process-lock.ts';
import { change, databaseIn, keysIn } from '../support/filled-database.ts';
import { contentOf, contentOfFile, copyOf, filledFolder, migrate } from '../support/migrating.ts';
import {
  type TestDatabase,
  newDatabase,
  postgresMigrations,
  skipWithoutPostgres,
  testOptions,
} from '../support/postgres.ts';
import { newFolder, removeFolder } from '../support/server-process.ts';
import { openTestStore } from './postgres-under-test.ts';

const says = (sentence: RegExp) => (error: unknown) =>
  (error instanceof MaintenanceError || error instanceof StoreOpenError) && sentence.test(error.message);

describe('migrating to PostgreSQL', { skip: skipWithoutPostgres }, () => {
  const databases: TestDatabase[] = [];
  let folder: string;
  let file: string;
  let content: ReturnType<typeof contentOfFile>;

  before(async () => {
    folder = await filledFolder();
    file = databaseIn(folder);
    content = contentOfFile(file);
  });
  after(async () => {
    for (const database of databases) await database.drop();
    removeFolder(folder);
  });

  async function target(): Promise<TestDatabase> {
    const made = await newDatabase();
    databases.push(made);
    return made;
  }

  /** Breaks off after some of the transactions, as a migration of its own each time. */
  async function brokenOff(into: TestDatabase, after: number, from = file): Promise<void> {
    let left = after;
    const onProgress = (sentence: string): void => {
      if (sentence.endsWith('copied') && --left === 0) throw new MaintenanceError('broken off here');
    };
    await assert.rejects(
      migrate(folder, into, { file: from, onProgress, batchRows: 2 }),
      says(/broken off here/),
    );
  }

  test('knows every table that there is, each after those that it refers to', async () => {
    const names = carriedTables.map(({ name }) => name);
    assert.deepEqual([...names].sort(), Object.keys(content).sort());
    const into = await target();
    await (await openTestStore(into.url)).close();
    assert.deepEqual([...names].sort(), Object.keys(await contentOf(into)).sort());
    for (const [child, parent] of [
      ['messages', 'rooms'],
      ['messages', 'data_keys'],
      ['session_keys', 'sessions'],
      ['sessions', 'users'],
    ] as const) {
      assert.ok(names.indexOf(parent) < names.indexOf(child), `${parent} before ${child}`);
    }
    for (const [name, rows] of Object.entries(content)) assert.ok(rows.length > 0, `something in ${name}`);
  });

  test('brings every byte along, and changes nothing in the source', async () => {
    const into = await target();
    const { counts, rows } = await migrate(folder, into);
    assert.deepEqual(await contentOf(into), content);
    assert.deepEqual(contentOfFile(file), content);
    assert.equal(counts.messages, 6);
    assert.deepEqual(
      rows,
      Object.fromEntries(Object.entries(content).map(([name, all]) => [name, all.length])),
    );
    const keys = keysIn(folder);
    const postgres = testOptions(into.url);
    const { problems } = await verifyPostgres({
      postgres,
      migrationsFolder: postgresMigrations,
      keys,
      onProgress: () => {},
    });
    assert.deepEqual(problems, []);
  });

  test('goes on where it was, however often it is broken off', async () => {
    const into = await target();
    for (const after of [1, 3, 5, 7]) await brokenOff(into, after);
    await migrate(folder, into, { batchRows: 3 });
    assert.deepEqual(await contentOf(into), content);
  });

  test('lets no server start, and nobody verify, before it is done', async () => {
    const into = await target();
    await brokenOff(into, 12);
    const half = says(/half migrated: run the same `letterlock migrate` again/);
    await assert.rejects(openTestStore(into.url), half);
    await assert.rejects(holdsData(testOptions(into.url), 'master-key-check'), half);
    const options = { postgres: testOptions(into.url), migrationsFolder: postgresMigrations };
    await assert.rejects(verifyPostgres({ ...options, keys: null, onProgress: () => {} }), half);
    await migrate(folder, into);
    await (await openTestStore(into.url)).close();
  });

  test('begins anew when the source has changed since, in what had arrived', async () => {
    for (const statement of [
      "UPDATE users SET username = 'Ada' WHERE username = 'ada'",
      'DELETE FROM codes',
      "INSERT INTO users (id, username, username_key, role, password_salt, created_at) VALUES ('!', NULL, NULL, 'user', x'00', 1)",
    ]) {
      const changing = copyOf(file);
      const into = await target();
      // Far enough that users and codes are there.
      await brokenOff(into, 16, changing);
      change(changing, (database) => database.exec(statement));
      const said: string[] = [];
      await migrate(folder, into, {
        file: changing,
        batchRows: 2,
        onProgress: (sentence) => said.push(sentence),
      });
      assert.ok(
        said.some((sentence) => /has changed since .* beginning anew/.test(sentence)),
        statement,
      );
      assert.deepEqual(await contentOf(into), contentOfFile(changing));
    }
  });

  test('refuses a database that is not empty, and leaves it as it is', async () => {
    const into = await target();
    const store = await openTestStore(into.url);
    await migrate(folder, await target());
    await store.transact('insertPair', 'somebody');
    await store.close();
    const before = await contentOf(into);
    await assert.rejects(migrate(folder, into), says(/is not empty \(there is something in facts\)/));
    assert.deepEqual(await contentOf(into), before);
  });

  test('refuses what it has finished, what another has begun, and what is another program’s', async () => {
    const done = await target();
    await migrate(folder, done);
    await assert.rejects(migrate(folder, done), says(/is not empty/));
    const half = await target();
    await brokenOff(half, 3);
    await assert.rejects(
      migrate(folder, half, { file: copyOf(file) }),
      says(/half migrated from .*letterlock\.db/),
    );
    const foreign = await target();
    await foreign.query('CREATE TABLE something (id integer)');
    await assert.rejects(migrate(folder, foreign), says(/belongs to another program/));
  });

  test('refuses a source that it should not or cannot carry, in a sentence', async () => {
    const altered = (...statements: string[]): string => {
      const copy = copyOf(file);
      change(copy, (database) => statements.forEach((statement) => database.exec(statement)));
      return copy;
    };
    const cases: [string, RegExp][] = [
      [`${newFolder()}/none.db`, /There is no database/],
      [
        altered('INSERT INTO __drizzle_migrations (hash, created_at) VALUES (1, 9e15)'),
        /newer version.*migrate with/,
      ],
      [
        altered(
          'DELETE FROM __drizzle_migrations WHERE created_at = (SELECT max(created_at) FROM __drizzle_migrations)',
        ),
        /older version/,
      ],
      [altered('CREATE TABLE later (id INTEGER)'), /has a table later that this version does not know/],
      [altered("UPDATE rooms SET members = 7 WHERE name = 'Werkstatt'"), /is not whole: .* 7 were counted/],
      [
        altered("UPDATE bans SET reason = 'a' || char(0) WHERE id = 'odd 1'"),
        /bans holds the character U\+0000.*odd 1/,
      ],
    ];
    for (const [source, expected] of cases) {
      await assert.rejects(
        migrate(folder, await target(), { file: source }),
        says(expected),
        String(expected),
      );
    }
    const keys = createAtRestKeys(Buffer.alloc(32, 1));
    await assert.rejects(
      migrate(folder, await target(), { keys }),
      says(/master\.key in KEYS_DIR is not the one/),
    );
    const release = lockDatabase(file);
    await assert.rejects(migrate(folder, await target()), says(/Another server is running/));
    release();
  });

  test('does not call done what somebody else has written into', async () => {
    const into = await target();
    await brokenOff(into, 20);
    await into.query("UPDATE users SET username = 'eve' WHERE username = 'ada'");
    await assert.rejects(migrate(folder, into), says(/table users in the target is not what was copied/));
    await assert.rejects(openTestStore(into.url), says(/half migrated/));
  });

  test('is done by one at a time', async () => {
    const into = await target();
    const beside: Promise<unknown>[] = [];
    await migrate(folder, into, {
      batchRows: 2,
      onProgress: () => {
        if (beside.length === 0) beside.push(migrate(folder, into).catch((error: unknown) => error));
      },
    });
    assert.ok(says(/Another server is running/)(await beside[0]));
    assert.deepEqual(await contentOf(into), content);
  });

  test('stops where another has gone on, from a copy of the same file on another machine', async () => {
    const into = await target();
    await brokenOff(into, 2);
    const client = await into.connect();
    const progress = (await readProgress(client))!;
    await replaceProgress(client, progress, { ...progress, tables: {} });
    await assert.rejects(replaceProgress(client, progress, progress), says(/Somebody else is migrating/));
    await assert.rejects(endProgress(client, progress), says(/Somebody else is migrating/));
  });
});
