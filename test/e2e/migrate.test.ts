import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { applyMigrations } from '../../src/store/postgres/migrations.ts';
import { type Filled, databaseIn, fill } from '../support/filled-database.ts';
import { contentOf, contentOfFile } from '../support/migrating.ts';
import {
  type TestDatabase,
  newDatabase,
  postgresMigrations,
  skipWithoutPostgres,
} from '../support/postgres.ts';
import { type Ended, runProgram } from '../support/program.ts';
import { newFolder, removeFolder } from '../support/server-process.ts';
import { startTestServer, until } from '../support/test-server.ts';

const main = path.join(import.meta.dirname, '..', '..', 'src', 'main.js');

describe('letterlock migrate', { skip: skipWithoutPostgres }, () => {
  const folder = newFolder();
  const from = `sqlite:${databaseIn(folder)}`;
  let filled: Filled;
  /** A request that was answered before the migration. */
  let answered: string;
  let target: TestDatabase;

  before(async () => {
    const server = await startTestServer({ DATABASE_URL: from }, {}, folder);
    filled = await fill(server);
    answered = filled.ada.seal('/send_message', { room: filled.room, message: 'five' });
    assert.equal((await filled.ada.send('/send_message', answered)).status, 200);
    await server.stop();
    target = await newDatabase();
  });
  after(async () => {
    await target.drop();
    removeFolder(folder);
  });

  const migrate = (...words: string[]): Promise<Ended> => runProgram(folder, ['migrate', ...words]);

  test('says what it takes', async () => {
    for (const [words, expected] of [
      [[], /^letterlock: usage: letterlock migrate --from sqlite:/],
      [['--from', from], /usage: /],
      [['--from', target.url, '--to', target.url], /--from is no sqlite: URL/],
      [['--from', from, '--to', 'mysql://x:secret@y/z'], /--to begins with neither/],
      [['--from', from, '--to', target.url, 'more'], /usage: /],
    ] as const) {
      const { code, stdout, stderr } = await migrate(...words);
      assert.equal(code, 2, stderr);
      assert.match(stderr, expected);
      assert.doesNotMatch(stdout + stderr, /secret/);
    }
  });

  test('says in a sentence that it cannot reach the target, and shows no password', async () => {
    const { code, stderr } = await migrate('--from', from, '--to', 'postgres://u:secret@127.0.0.1:1/d');
    assert.equal(code, 1);
    assert.match(stderr, /The PostgreSQL server of --to cannot be reached \(d on 127\.0\.0\.1:1\)/);
    assert.doesNotMatch(stderr, /secret|\n\s+at /);
  });

  test('finishes what kill -9 broke off in the middle of a transaction', async () => {
    const content = contentOfFile(databaseIn(folder));
    await breakOffAt('rooms');
    await breakOffAt('messages');
    const arrived = await contentOf(target);
    assert.deepEqual(arrived['users'], content['users']);
    assert.deepEqual(arrived['messages'], []);

    const refused = await runProgram(folder, [], {
      DATABASE_URL: target.url,
      LISTEN_HTTP: 'http://127.0.0.1:0',
    });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^letterlock: The database .* is half migrated: run the same/m);

    const done = await migrate('--from', from, '--to', target.url);
    assert.equal(done.code, 0, done.stderr);
    assert.match(
      done.stdout,
      /^Migrated .*letterlock\.db to .*: 2 users, 7 rooms, 7 messages, \d+ entries .*compared/,
    );
    assert.deepEqual(await contentOf(target), content);

    const verified = await runProgram(folder, ['verify'], { DATABASE_URL: target.url });
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
    assert.match(verified.stdout, /7 messages.*\nEverything is whole\./);
    assert.equal((await migrate('--from', from, '--to', target.url)).code, 1, 'it is not empty any more');
  });

  test('leaves sessions as they were, and no request that was answered is accepted again', async () => {
    const server = await startTestServer({ DATABASE_URL: target.url }, {}, folder);
    try {
      const { ada } = filled;
      Object.assign(ada, { url: server.url });
      const again = await ada.send('/send_message', answered);
      assert.equal(again.status, 409, JSON.stringify(again.body));
      // Beyond what was reserved for the session before.
      ada.seq += 10_000;
      await ada.must('/send_message', { room: filled.room, message: 'six' });
      const { messages } = await ada.must('/list_messages', { room: filled.room });
      const texts = (messages as unknown as { message: string | null }[]).map(({ message }) => message);
      assert.deepEqual(texts, ['one', 'zwei', null, 'four', 'five', 'six']);
    } finally {
      await server.stop();
    }
  });

  test('is refused while a server runs on the source', async () => {
    const server = await startTestServer({ DATABASE_URL: from }, {}, folder);
    const other = await newDatabase();
    try {
      const { code, stderr } = await migrate('--from', from, '--to', other.url);
      assert.equal(code, 1);
      assert.match(stderr, /Another server is running on the database .*: stop it first/);
    } finally {
      await other.drop();
      await server.stop();
    }
  });

  /** Kills a migration that is writing its first rows into a table. */
  async function breakOffAt(table: string): Promise<void> {
    const holder = await target.connect();
    // Tables without rows are nothing to a migration, but can be locked.
    await applyMigrations(holder, postgresMigrations, 'a test');
    await holder.query(`BEGIN; LOCK TABLE ${table} IN EXCLUSIVE MODE`);
    const child = spawn(process.execPath, [main, 'migrate', '--from', from, '--to', target.url], {
      cwd: folder,
      stdio: 'ignore',
    });
    const exited = once(child, 'exit');
    const waits = `SELECT 1 FROM pg_locks JOIN pg_class ON pg_class.oid = relation WHERE relname = '${table}' AND NOT granted`;
    await until(async () => (await target.query(waits))[0], `a writer of ${table} that waits`);
    child.kill('SIGKILL');
    await exited;
    await holder.query('ROLLBACK');
    await holder.end();
    await until(async () => ((await connections()) === 0 ? true : undefined), 'an end of the killed one');
  }

  async function connections(): Promise<number> {
    const [row] = await target.query<{ others: string }>(
      'SELECT count(*) AS others FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    return Number(row?.others);
  }
});
