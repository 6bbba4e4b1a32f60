import assert from 'node:assert/strict';
import { closeSync, copyFileSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { SqliteDatabase } from '../../src/store/sqlite/driver.ts';
import { createAtRestKeys } from '../../src/crypto/at-rest.ts';
import type { InspectionReport } from '../../src/store/inspection/inspection.ts';
import { StoreOpenError } from '../../src/store/open-error.ts';
import { verifyDatabase } from '../../src/store/sqlite/verify.ts';
import {
  type Filled,
  change,
  databaseIn,
  fill,
  keysIn,
  leaveMailWaiting,
} from '../support/filled-database.ts';
import { newFolder, removeFolder } from '../support/server-process.ts';
import { type TestServer, startTestServer } from '../support/test-server.ts';

const migrationsFolder = path.join(import.meta.dirname, '..', '..', '..', 'drizzle');

/** What is done to a whole database, and all that is said of it then. */
interface Damage {
  readonly name: string;
  readonly act: (database: SqliteDatabase, filled: Filled) => void;
  readonly found: readonly RegExp[];
}

/** SQL for a blob with its last byte another one. */
const flipped = (column: string): string =>
  `unhex(substr(hex(${column}), 1, 2 * length(${column}) - 2) || CASE hex(substr(${column}, -1)) WHEN '00' THEN '01' ELSE '00' END)`;

const sql =
  (...statements: string[]) =>
  (database: SqliteDatabase): void => {
    // A damaged file keeps no promises.
    database.pragma('foreign_keys = OFF');
    for (const statement of statements) assert.ok(database.prepare(statement).run().changes > 0, statement);
  };

const ofRoom = "room_id = (SELECT id FROM rooms WHERE name = 'Werkstatt')";
const ofDirect = "room_id = (SELECT id FROM rooms WHERE kind = 'direct')";
const isDirect = "kind = 'direct'";
const bert = "(SELECT id FROM users WHERE username = 'bert')";

const damages: readonly Damage[] = [
  {
    name: 'a byte of a message',
    act: sql(`UPDATE messages SET sealed_body = ${flipped('sealed_body')} WHERE ${ofRoom} AND seq = 2`),
    found: [/^Message 2 of the room "Werkstatt" does not open under data key 1/],
  },
  {
    name: 'the bodies of two messages that changed places',
    act: sql(
      `INSERT INTO facts SELECT seq, sealed_body FROM messages WHERE ${ofRoom} AND seq IN (1, 4)`,
      `UPDATE messages SET sealed_body = (SELECT value FROM facts WHERE name = 5 - seq) WHERE ${ofRoom} AND seq IN (1, 4)`,
    ),
    found: [
      /^Message 1 of the room "Werkstatt" does not open/,
      /^Message 4 of the room "Werkstatt" does not open/,
    ],
  },
  {
    name: 'a message that is not there',
    act: sql(`DELETE FROM messages WHERE ${ofRoom} AND seq = 1`),
    found: [/^In the room "Werkstatt", there is no message 1\.$/],
  },
  {
    name: 'the last message that is not there',
    act: sql(`DELETE FROM messages WHERE ${ofRoom} AND seq = 4`),
    found: [/^In the room "Werkstatt", there is no message 4, the last of the room\.$/],
  },
  {
    name: 'a room that has counted too few messages',
    act: sql("UPDATE rooms SET last_seq = 3 WHERE name = 'Werkstatt'"),
    found: [
      /^In the room "Werkstatt", there are messages up to 4, but it has counted only to 3\.$/,
      /^In the room "Werkstatt", bert has read further than message 3, the last\.$/,
    ],
  },
  {
    name: 'a room that has counted too many edits',
    act: sql("UPDATE rooms SET last_revision = 5 WHERE name = 'Werkstatt'"),
    found: [/^In the room "Werkstatt", 5 edits and deletions were counted, but the last one has number 2\.$/],
  },
  {
    name: 'two deletions with one number',
    act: sql(
      `UPDATE messages SET revision = 2, deleted_at = 1, sealed_body = NULL, key_version = NULL WHERE ${ofRoom} AND seq = 1`,
    ),
    found: [/^In the room "Werkstatt", several messages have the revision 2\.$/],
  },
  {
    name: 'a deleted message whose text came back',
    act: sql(`UPDATE messages SET deleted_at = NULL WHERE ${ofRoom} AND seq = 3`),
    found: [
      /^Message 3 of the room "Werkstatt" is neither there nor deleted\.$/,
      /^Message 3 of the room "Werkstatt" has revision 2, which does not fit/,
    ],
  },
  {
    name: 'a miscounted room',
    act: sql("UPDATE rooms SET members = 7 WHERE name = 'Werkstatt'"),
    found: [/^In the room "Werkstatt", there are 2 members, but 7 were counted\.$/],
  },
  {
    name: 'a direct room that one of the two is not in',
    act: sql(
      `DELETE FROM memberships WHERE ${ofDirect} AND user_id = ${bert}`,
      `UPDATE rooms SET members = 1 WHERE ${isDirect}`,
    ),
    found: [/^In the direct room of \w+ and \w+, bert is not in it\.$/],
  },
  {
    name: 'a direct room with a third',
    act: sql(
      `INSERT INTO users (id, username, username_key, role, password_salt, created_at)
        SELECT 'eve', 'eve', 'eve', role, password_salt, 1 FROM users LIMIT 1`,
      `INSERT INTO memberships SELECT id, 'eve', 'invited', 'member', 0, 0, 1, NULL, NULL FROM rooms WHERE ${isDirect}`,
    ),
    found: [/^In the direct room of \w+ and \w+, there is also eve\.$/],
  },
  {
    name: 'a direct room without a pair',
    act: sql(`UPDATE rooms SET pair_key = NULL WHERE ${isDirect}`),
    found: [/^In the room [\w-]+, the kind is direct, which does not fit its pair\.$/],
  },
  {
    name: 'a pair that is none',
    act: sql(`UPDATE rooms SET pair_key = substr(pair_key, 1, instr(pair_key, ' ') - 1) WHERE ${isDirect}`),
    found: [/^In the direct room of \w+, the pair is not that of two users\.$/],
  },
  {
    name: 'a byte of a private key',
    act: sql(
      `UPDATE user_keys SET sealed_private_key = ${flipped('sealed_private_key')} WHERE user_id = ${bert}`,
    ),
    found: [/^The private key [\w-]+ of bert does not open/],
  },
  {
    name: 'a session key under the name of another',
    act: sql(
      `UPDATE session_keys SET sealed_key = (SELECT sealed_key FROM session_keys WHERE id = (SELECT max(id) FROM session_keys))
       WHERE id = (SELECT min(id) FROM session_keys)`,
    ),
    found: [/^The session key [\w-]+ of (ada|bert) does not open/],
  },
  {
    name: 'a waiting mail under another id',
    act: sql("UPDATE mails SET id = 'moved' WHERE id = 'waiting'"),
    found: [/^The waiting mail moved does not open/],
  },
  {
    name: "an answer that was kept for somebody else's request",
    act: sql("UPDATE idempotency SET idem = 'another-request' WHERE idem = 'the-fourth-message'"),
    found: [/^The answer kept for user:[\w-]+ under the idem another-request does not open/],
  },
  {
    name: 'a byte of a data key',
    act: sql(`UPDATE data_keys SET sealed_key = ${flipped('sealed_key')} WHERE version = 1`),
    found: [/^Data key 1 does not open under the master key: there are 4 messages under it\.$/],
  },
  {
    name: 'a data key that is not there',
    act: sql('DELETE FROM data_keys WHERE version = 2'),
    found: [
      /^Row \d+ of the table messages belongs to a row of data_keys that is not there\.$/,
      /^1 message under data key 2, which is not there\.$/,
    ],
  },
  {
    name: 'a data key that was retired too early',
    act: sql('UPDATE data_keys SET retired_at = 1, sealed_key = NULL WHERE version = 1'),
    found: [/^Data key 1 is retired, but there are 4 messages under it\.$/],
  },
  {
    name: 'data keys that are half retired',
    act: sql(
      'INSERT INTO data_keys VALUES (3, NULL, 1, NULL)',
      'INSERT INTO data_keys SELECT 4, sealed_key, 1, 1 FROM data_keys WHERE version = 1',
    ),
    found: [
      /^Data key 3 is gone without having been retired: there are 0 messages under it\.$/,
      /^Data key 4 is retired, but was not wiped\.$/,
      /^Data key 4 does not open under the master key/,
      /^The newest data key is retired, so that no message can be stored\.$/,
    ],
  },
  {
    name: 'an audit entry that says something else',
    act: sql("UPDATE audit SET target = 'somebody else' WHERE seq = 2"),
    found: [/^Entry 2 of the audit log is not as it was written\.$/],
  },
  {
    name: 'an audit entry that is not there',
    act: sql('DELETE FROM audit WHERE seq = 2'),
    found: [/^In the audit log, there is no entry 2\.$/],
  },
  {
    name: 'an audit entry with a chain of its own',
    act: sql('UPDATE audit SET previous_hash = zeroblob(32) WHERE seq = 3'),
    found: [
      /^Entry 3 of the audit log does not belong after entry 2\.$/,
      /^Entry 3 of the audit log is not as it was written\.$/,
    ],
  },
  {
    name: 'rows whose user is gone',
    act: sql(
      'DELETE FROM seen_addresses',
      `DELETE FROM users WHERE username = 'ada'`,
      'DELETE FROM user_keys WHERE user_id NOT IN (SELECT id FROM users)',
    ),
    found: [
      // A session, three memberships, four messages.
      ...Array.from(
        { length: 8 },
        () => /^Row \d+ of the table \w+ belongs to a row of users that is not there\.$/,
      ),
      /^In the direct room of (somebody and bert|bert and somebody), one of the two is a user who is not known\.$/,
    ],
  },
  {
    name: 'a column of another type, and goes on with the next check',
    act: sql(
      'UPDATE audit SET hash = 5 WHERE seq = 2',
      `UPDATE rooms SET members = 7 WHERE name = 'Werkstatt'`,
    ),
    found: [/^In the room "Werkstatt", there are 2 members/, /^Not all of the audit log could be read/],
  },
  {
    name: 'a name that would act in a terminal, and shows it without effect',
    act: sql(`UPDATE rooms SET name = char(27) || '[2J' || char(8238), members = 7 WHERE name = 'Werkstatt'`),
    found: [/^In the room "\\u001b\[2J\\u\{202e\}", there are 2 members, but 7 were counted\.$/],
  },
];

describe('verifying a database', () => {
  let server: TestServer;
  let filled: Filled;
  const folders: string[] = [];
  before(async () => {
    server = await startTestServer();
    filled = await fill(server);
    await server.stop();
    leaveMailWaiting(server.folder);
  });
  after(() => [server.folder, ...folders].forEach(removeFolder));

  function damaged(act: (database: SqliteDatabase) => void = () => {}): string {
    const folder = newFolder();
    folders.push(folder);
    const file = path.join(folder, 'copy.db');
    copyFileSync(databaseIn(server.folder), file);
    change(file, act);
    return file;
  }

  function verify(file: string, keys = keysIn(server.folder)): Promise<InspectionReport> {
    return verifyDatabase({ file, migrationsFolder, keys, onProgress: () => {} });
  }

  test('finds nothing wrong with a whole one, and counts it', async () => {
    assert.deepEqual(await verify(damaged()), {
      problems: [],
      problemCount: 0,
      counts: { users: 2, sessions: 2, rooms: 7, messages: 6, auditEntries: 4 },
    });
  });

  for (const { name, act, found } of damages) {
    test(`finds ${name}`, async () => {
      const { problems, problemCount } = await verify(damaged((database) => act(database, filled)));
      assert.equal(problems.length, found.length, problems.join('\n'));
      for (const [at, expected] of found.entries()) assert.match(problems[at] ?? '', expected);
      assert.equal(problemCount, found.length);
    });
  }

  test('finds pages that were written over, and what else is wrong', async () => {
    let place = 0;
    const file = damaged((database) => {
      sql(`DELETE FROM messages WHERE ${ofRoom} AND seq = 1`)(database);
      database.pragma('journal_mode = DELETE');
      const { rootpage } = database
        .prepare<[], { rootpage: number }>("SELECT rootpage FROM sqlite_master WHERE name = 'messages_sent'")
        .get()!;
      place = (rootpage - 1) * Number(database.pragma('page_size', { simple: true }));
    });
    const handle = openSync(file, 'r+');
    writeSync(handle, Buffer.alloc(512, 0xab), 0, 512, place);
    closeSync(handle);
    const { problems } = await verify(file);
    assert.ok(
      problems.some((problem) => /^The file is damaged|^Not all of the file could be read/.test(problem)),
      problems.join('\n'),
    );
    assert.ok(problems.includes('In the room "Werkstatt", there is no message 1.'), problems.join('\n'));
  });

  test('lists a hundred problems and counts them all', async () => {
    const file = damaged((database) => {
      const insert = database.prepare(
        `INSERT INTO messages SELECT room_id, ?, sender_id, zeroblob(40), 1, 1, NULL, NULL, 0 FROM messages WHERE ${ofRoom} AND seq = 1`,
      );
      for (let seq = 5; seq <= 254; seq++) insert.run(seq);
      sql("UPDATE rooms SET last_seq = 254 WHERE name = 'Werkstatt'")(database);
    });
    const { problems, problemCount } = await verify(file);
    assert.equal(problemCount, 250);
    assert.equal(problems.length, 100);
  });

  test('changes nothing in the file', async () => {
    const file = damaged();
    const before = readFileSync(file);
    await verify(file);
    assert.deepEqual(readFileSync(file), before);
  });

  test('says that a master key is another one, and checks what needs none', async () => {
    const file = damaged(sql("UPDATE rooms SET members = 7 WHERE name = 'Werkstatt'"));
    const { problems } = await verify(file, createAtRestKeys(Buffer.alloc(32, 1)));
    assert.equal(problems.length, 2, problems.join('\n'));
    assert.match(problems[0] ?? '', /master\.key in KEYS_DIR is not the one this database was written with/);
    assert.match(problems[1] ?? '', /there are 2 members, but 7 were counted/);
  });

  test('says in a sentence what it cannot check', async () => {
    const text = path.join(newFolder(), 'text.db');
    folders.push(path.dirname(text));
    writeFileSync(
      text,
      'this is no database at all, but a text that is long enough to be looked at'.repeat(20),
    );
    const cases: [string, RegExp][] = [
      [path.join(path.dirname(text), 'missing.db'), /There is no database/],
      [text, /no SQLite database/],
      [damaged(sql('INSERT INTO __drizzle_migrations (hash, created_at) VALUES (1, 9e15)')), /newer version/],
      [
        damaged(
          sql(
            'DELETE FROM __drizzle_migrations WHERE created_at = (SELECT max(created_at) FROM __drizzle_migrations)',
          ),
        ),
        /older version/,
      ],
    ];
    for (const [file, expected] of cases) {
      await assert.rejects(
        () => verify(file),
        (error) => error instanceof StoreOpenError && expected.test(error.message),
      );
    }
  });
});
