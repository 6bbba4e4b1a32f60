import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SqliteDatabase } from '../../src/store/sqlite/driver.ts';
import { createTransactions } from '../../src/core/transactions.ts';
import { transactionOn } from '../../src/store/sqlite/dialect.ts';
import { batchRunner } from '../../src/store/sqlite/batch-runner.ts';
import { applyMigrations } from '../../src/store/sqlite/migrations.ts';
import { pack } from '../../src/store/packing.ts';
import { type Call } from '../../src/store/sqlite/thread-messages.ts';
import { newFolder, removeFolder } from '../support/server-process.ts';
import { userRow } from './contract/rows.ts';

const migrations = path.join(import.meta.dirname, '..', '..', '..', 'drizzle');

describe('a commit that fails', () => {
  const now = 1_800_000_000_000;
  let folder: string;
  let connection: SqliteDatabase;
  let failNext = false;
  let run: ReturnType<typeof batchRunner>;
  before(async () => {
    folder = newFolder();
    const file = path.join(folder, 'letterlock.db');
    connection = new SqliteDatabase(file);
    connection.pragma('journal_mode = WAL');
    applyMigrations(connection, migrations, file);
    connection.pragma('foreign_keys = ON');
    const functions = createTransactions({ masterKey: Buffer.alloc(32, 7) });
    run = batchRunner(failingOnce(connection), transactionOn(connection), functions);
    await transactionOn(connection).users.insert(userRow('ada'));
    const room = {
      id: 'room',
      name: 'room',
      nameKey: 'room',
      kind: 'open',
      openHistory: false,
      joinedByAll: false,
    };
    const made = await run([
      call('makeFirstDataKey', { now }),
      call('createRoom', { now, claim: null, userId: 'ada', room }),
    ]);
    assert.ok(made.isDurable);
  });
  after(() => {
    connection.close();
    removeFolder(folder);
  });

  /** The connection, whose next COMMIT can be made to fail as on a full disk. */
  function failingOnce(real: SqliteDatabase): SqliteDatabase {
    return new Proxy(real, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...parameters: unknown[]): unknown => {
          const made: unknown = Reflect.apply(member, target, parameters);
          if (name !== 'prepare' || parameters[0] !== 'COMMIT') return made;
          return {
            run: () => {
              if (!failNext) return (made as { run(): unknown }).run();
              failNext = false;
              throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
            },
          };
        };
      },
    });
  }

  function call(name: string, input: unknown): Call {
    return { name, input: pack(input) };
  }

  function send(text: string): Call {
    const to = { kind: 'room', room: { id: 'room', nameKey: 'room' } };
    return call('sendMessage', { now, claim: null, userId: 'ada', to, text });
  }

  test('leaves nobody sealing messages under a data key that was never stored', async () => {
    failNext = true;
    const failed = await run([call('rotateDataKey', { now, actor: 'console' }), send('lost')]);
    assert.ok(!failed.isDurable);
    assert.deepEqual(
      failed.outcomes.map(({ kind }) => kind),
      ['failed', 'failed'],
    );
    const next = await run([send('one'), call('reencryptMessages', { now, limit: 10 }), send('two')]);
    assert.ok(next.isDurable);
    const used = connection.prepare('SELECT seq, key_version FROM messages ORDER BY seq').raw().all();
    assert.deepEqual(used, [
      [1, 1],
      [2, 1],
    ]);
    assert.ok((await run([call('rotateDataKey', { now, actor: 'console' }), send('three')])).isDurable);
    const last = connection.prepare('SELECT key_version FROM messages WHERE seq = 3').pluck().get();
    assert.equal(last, 2);
  });
});
