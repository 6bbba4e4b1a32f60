import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type TestDatabase, newDatabase, skipWithoutPostgres } from '../support/postgres.ts';
import { newFolder, removeFolder, spawnServer, startServerProcess } from '../support/server-process.ts';
import { registered } from '../support/sealed-client.ts';

describe('the program on PostgreSQL', { skip: skipWithoutPostgres }, () => {
  let folder: string;
  let database: TestDatabase;
  before(async () => {
    folder = newFolder();
    database = await newDatabase();
  });
  after(async () => {
    removeFolder(folder);
    await database.drop();
  });

  async function refusal(url: string): Promise<string> {
    const { child, log } = spawnServer(folder, { DATABASE_URL: url });
    const [code] = (await once(child, 'close')) as [number | null];
    assert.ok(code !== 0 && code !== null, log());
    assert.doesNotMatch(log(), /\n\s+at /, 'a sentence, not a stack trace');
    return log();
  }

  test('serves, says whether it is ready, and wants the master key of its database', async () => {
    const server = await startServerProcess(folder, { DATABASE_URL: database.url });
    await registered(server.url, 'ada');
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
    assert.equal(await server.stop('SIGTERM'), 0);
    rmSync(path.join(folder, 'keys', 'master.key'));
    assert.match(await refusal(database.url), /There is a database, but no .*master\.key/);
    rmSync(path.join(folder, 'keys'), { recursive: true });
    assert.match(await refusal(database.url), /There is a database, but no .*master\.key/);
  });

  test('says in a sentence that it cannot reach its database, without the password', async () => {
    const said = await refusal('postgres://letter:hunter2@127.0.0.1:1/lock');
    assert.match(said, /DATABASE_URL cannot be reached \(lock on 127\.0\.0\.1:1\)/);
    assert.doesNotMatch(said, /hunter2/);
  });
});
