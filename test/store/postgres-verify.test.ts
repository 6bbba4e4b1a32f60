import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type pg from 'pg';
import { createAtRestKeys } from '../../src/crypto/at-rest.ts';
import { inspectDatabase } from '../../src/store/inspection/inspect.ts';
import type { InspectionReport } from '../../src/store/inspection/inspection.ts';
import { StoreOpenError } from '../../src/store/open-error.ts';
import { Connection } from '../../src/store/postgres/connections.ts';
import { postgresDialect } from '../../src/store/postgres/dialect.ts';
import { withSnapshot } from '../../src/store/postgres/snapshot.ts';
import { verifyPostgres } from '../../src/store/postgres/verify.ts';
import { keysIn } from '../support/filled-database.ts';
import { filledFolder, migrate } from '../support/migrating.ts';
import {
  type TestDatabase,
  newDatabase,
  postgresMigrations,
  skipWithoutPostgres,
  testOptions,
} from '../support/postgres.ts';
import { removeFolder } from '../support/server-process.ts';

/** SQL for bytes with the last one another. */
const flipped = (column: string): string =>
  `set_byte(${column}, length(${column}) - 1, get_byte(${column}, length(${column}) - 1) # 1)`;

const ofRoom = "room_id = (SELECT id FROM rooms WHERE name = 'Werkstatt')";
const ofDirect = "room_id = (SELECT id FROM rooms WHERE kind = 'direct')";
const bert = "(SELECT id FROM users WHERE username = 'bert')";

/** What is done to a whole database, and all that is said of it then. */
const damages: readonly { name: string; statements: readonly string[]; found: readonly RegExp[] }[] = [
  {
    name: 'a byte of a message',
    statements: [`UPDATE messages SET sealed_body = ${flipped('sealed_body')} WHERE ${ofRoom} AND seq = 2`],
    found: [/^Message 2 of the room "Werkstatt" does not open under data key 1/],
  },
  {
    name: 'messages that are not there, the last among them',
    statements: [`DELETE FROM messages WHERE ${ofRoom} AND seq IN (1, 4)`],
    found: [
      /^In the room "Werkstatt", there is no message 1\.$/,
      /^In the room "Werkstatt", there is no message 4, the last of the room\.$/,
    ],
  },
  {
    name: 'a room that has counted too few messages, and who is ahead of it',
    statements: ["UPDATE rooms SET last_seq = 3 WHERE name = 'Werkstatt'"],
    found: [
      /^In the room "Werkstatt", there are messages up to 4, but it has counted only to 3\.$/,
      /^In the room "Werkstatt", bert has read further than message 3, the last\.$/,
    ],
  },
  {
    name: 'two deletions with one number',
    statements: [
      `UPDATE messages SET revision = 2, deleted_at = 1, sealed_body = NULL, key_version = NULL WHERE ${ofRoom} AND seq = 1`,
    ],
    found: [/^In the room "Werkstatt", several messages have the revision 2\.$/],
  },
  {
    name: 'a miscounted direct room that one of the two is not in',
    statements: [`DELETE FROM memberships WHERE ${ofDirect} AND user_id = ${bert}`],
    found: [
      /^In the direct room of \w+ and \w+, there are 1 member, but 2 were counted\.$/,
      /^In the direct room of \w+ and \w+, bert is not in it\.$/,
    ],
  },
  {
    name: 'what is sealed under the master key and was altered or moved',
    statements: [
      `UPDATE user_keys SET sealed_private_key = ${flipped('sealed_private_key')} WHERE user_id = ${bert}`,
      'UPDATE session_keys SET sealed_key = (SELECT sealed_key FROM session_keys ORDER BY id DESC LIMIT 1) WHERE id = (SELECT min(id) FROM session_keys)',
      "UPDATE mails SET id = 'moved' WHERE id = 'waiting'",
      "UPDATE idempotency SET idem = 'another-request' WHERE idem = 'the-fourth-message'",
    ],
    found: [
      /^The private key [\w-]+ of bert does not open/,
      /^The session key [\w-]+ of \w+ does not open/,
      /^The waiting mail moved does not open/,
      /^The answer kept for user:[\w-]+ under the idem another-request does not open/,
    ],
  },
  {
    name: 'data keys that are damaged, gone or half retired',
    statements: [
      `UPDATE data_keys SET sealed_key = ${flipped('sealed_key')} WHERE version = 1`,
      'DELETE FROM data_keys WHERE version = 2',
      'INSERT INTO data_keys VALUES (3, NULL, 1, NULL)',
    ],
    found: [
      /^Data key 1 does not open under the master key: there are 4 messages under it\.$/,
      /^Data key 3 is gone without having been retired: there are 0 messages under it\.$/,
      /^1 message under data key 2, which is not there\.$/,
    ],
  },
  {
    name: 'an audit log that was changed and cut',
    statements: [
      "UPDATE audit SET target = 'somebody else' WHERE seq = 2",
      'DELETE FROM audit WHERE seq = 3',
    ],
    found: [
      /^Entry 2 of the audit log is not as it was written\.$/,
      /^In the audit log, there is no entry 3\.$/,
    ],
  },
  {
    name: 'a column of another type, and goes on with the next check',
    statements: [
      'ALTER TABLE audit DROP COLUMN hash',
      "UPDATE rooms SET members = 7 WHERE name = 'Werkstatt'",
      'ALTER TABLE user_keys DROP COLUMN kid CASCADE',
    ],
    found: [
      /^In the room "Werkstatt", there are 2 members/,
      /^Not all of the private keys of users could be read: .*kid/,
      /^Not all of the audit log could be read: .*hash/,
    ],
  },
];

describe('verifying a database on PostgreSQL', { skip: skipWithoutPostgres }, () => {
  let folder: string;
  let database: TestDatabase;
  let client: pg.Client;

  before(async () => {
    folder = await filledFolder();
    database = await newDatabase();
    await migrate(folder, database);
    client = await database.connect();
  });
  after(async () => {
    await database.drop();
    removeFolder(folder);
  });

  function verify(keys = keysIn(folder)): Promise<InspectionReport> {
    const postgres = testOptions(database.url);
    return verifyPostgres({ postgres, migrationsFolder: postgresMigrations, keys, onProgress: () => {} });
  }

  /** Inspects within a transaction that does the damage, and takes it back. */
  async function damaged(statements: readonly string[]): Promise<InspectionReport> {
    await client.query('BEGIN');
    try {
      for (const statement of statements) await client.query(statement);
      await client.query('SAVEPOINT done');
      return await inspectDatabase({
        dialect: postgresDialect(new Connection(client, testOptions(database.url))),
        keys: keysIn(folder),
        recover: async () => {
          await client.query('ROLLBACK TO done');
        },
      });
    } finally {
      await client.query('ROLLBACK');
    }
  }

  test('finds nothing wrong with a whole one, and counts it', async () => {
    assert.deepEqual(await verify(), {
      problems: [],
      problemCount: 0,
      counts: { users: 2, sessions: 2, rooms: 7, messages: 6, auditEntries: 4 },
    });
  });

  for (const { name, statements, found } of damages) {
    test(`finds ${name}`, async () => {
      const { problems } = await damaged(statements);
      assert.equal(problems.length, found.length, problems.join('\n'));
      for (const [at, expected] of found.entries()) assert.match(problems[at] ?? '', expected);
    });
  }

  test('sees one moment, and still does after a query has failed', async () => {
    await withSnapshot(testOptions(database.url), async ({ client: reading, dialect, recover }) => {
      await database.query("UPDATE rooms SET members = 7 WHERE name = 'Werkstatt'");
      const inspect = () => inspectDatabase({ dialect, keys: keysIn(folder), recover });
      assert.deepEqual((await inspect()).problems, []);
      await assert.rejects(reading.query('SELECT 1 / 0'));
      await recover();
      assert.deepEqual((await inspect()).problems, []);
      await assert.rejects(reading.query('DELETE FROM messages'), /read-only/);
    });
    assert.equal((await verify()).problemCount, 1);
    await database.query("UPDATE rooms SET members = 2 WHERE name = 'Werkstatt'");
  });

  test('says that a master key is another one', async () => {
    const { problems } = await verify(createAtRestKeys(Buffer.alloc(32, 1)));
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.match(problems[0] ?? '', /master\.key in KEYS_DIR is not the one/);
  });

  test('says in a sentence what it cannot check', async () => {
    const empty = await newDatabase();
    const postgres = testOptions(empty.url);
    const options = { migrationsFolder: postgresMigrations, keys: null, onProgress: () => {} };
    const says = (expected: RegExp) => (error: unknown) =>
      error instanceof StoreOpenError && expected.test(error.message);
    try {
      await assert.rejects(
        verifyPostgres({ ...options, postgres }),
        says(/There is no database of Letterlock/),
      );
    } finally {
      await empty.drop();
    }
    await assert.rejects(verifyPostgres({ ...options, postgres }), says(/no such database/));
  });
});
