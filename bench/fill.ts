import { readFileSync } from 'node:fs';
import path from 'node:path';
import { SqliteDatabase } from '../src/store/sqlite/driver.ts';
import { createAtRestKeys } from '../src/crypto/at-rest.ts';
import { sealMessageBody } from '../src/crypto/message-body.ts';

/** A stopped server's database, to be filled with more than anybody would send in a benchmark's time. */
export class Filling {
  private readonly database: SqliteDatabase;
  private readonly dataKey: Buffer;

  /** @param folder where the server ran, with `data/` and `keys/` */
  constructor(folder: string) {
    this.database = new SqliteDatabase(path.join(folder, 'data', 'letterlock.db'));
    this.database.pragma('synchronous = OFF');
    const keys = createAtRestKeys(readFileSync(path.join(folder, 'keys', 'master.key')));
    const row = this.database.prepare('select sealed_key from data_keys where version = 1').get() as {
      sealed_key: Buffer;
    };
    const opened = keys.open('data-key', '1', row.sealed_key);
    if (opened === null) throw new Error('the data key does not open');
    this.dataKey = opened;
  }

  idOf(username: string): string {
    const row = this.database.prepare('select id from users where username = ?').get(username) as {
      id: string;
    };
    return row.id;
  }

  users(count: number, name: string): string[] {
    const insert = this.database.prepare(
      `insert into users (id, username, username_key, email, email_key, role, password_salt, created_at)
       values (?, ?, ?, ?, ?, 'user', zeroblob(32), 0)`,
    );
    return this.many(count, (at) => {
      const id = `${name}${at}`;
      insert.run(id, id, id, `${id}@example.org`, `${id}@example.org`);
      return id;
    });
  }

  /** Users with the password of one who is there, in the room of everybody; returns their names. */
  accounts(count: number, name: string, like: string): string[] {
    const insert = this.database.prepare(
      `insert into users (id, username, username_key, role, password_salt, password_verifier, created_at)
       select ?, ?, ?, role, password_salt, password_verifier, created_at from users where username = ?`,
    );
    // Who has none gets one made, which would be measured along.
    const key = this.database.prepare(
      `insert into user_keys (user_id, kid, modulus, sealed_private_key, version, created_at)
       select ?, kid, modulus, null, version, created_at from user_keys where user_id = ?`,
    );
    const likeId = this.idOf(like);
    const names = this.many(count, (at) => {
      const id = `${name}${at}`;
      insert.run(id, id, id, like);
      key.run(id, likeId);
      return id;
    });
    const everybody = this.database.prepare('select id from rooms where joined_by_all = 1').pluck().get();
    this.members(names.map((id) => [String(everybody), id]));
    return names;
  }

  rooms(count: number, name: string, kind: 'invite' | 'open'): string[] {
    const insert = this.database.prepare(
      `insert into rooms (id, name, name_key, kind, open_history, joined_by_all, last_seq, last_revision, members,
         members_version, created_at) values (?, ?, ?, ?, 1, 0, 0, 0, 0, 0, 0)`,
    );
    return this.many(count, (at) => {
      const id = `${name}${at}`;
      insert.run(id, id, id, kind);
      return id;
    });
  }

  members(pairs: Iterable<readonly [roomId: string, userId: string]>): void {
    const insert = this.database.prepare(
      `insert into memberships (room_id, user_id, state, role, visible_after, read_seq, since)
       values (?, ?, 'member', 'member', 0, 0, 0)`,
    );
    const count = this.database.prepare('update rooms set members = members + 1 where id = ?');
    this.database.transaction(() => {
      for (const [roomId, userId] of pairs) {
        insert.run(roomId, userId);
        count.run(roomId);
      }
    })();
  }

  messages(roomId: string, senderId: string, count: number): void {
    const insert = this.database.prepare(
      `insert into messages (room_id, seq, sender_id, sealed_body, key_version, sent_at, revision)
       values (?, ?, ?, ?, 1, ?, 0)`,
    );
    this.many(count, (at) => {
      const seq = at + 1;
      const body = sealMessageBody(
        this.dataKey,
        { roomId, seq, revision: 0 },
        `message number ${seq} of many`,
      );
      insert.run(roomId, seq, senderId, body, 1_700_000_000_000 + at);
    });
    this.database.prepare('update rooms set last_seq = ? where id = ?').run(count, roomId);
  }

  close(): void {
    this.database.pragma('wal_checkpoint(TRUNCATE)');
    this.database.close();
  }

  private many<Value>(count: number, make: (at: number) => Value): Value[] {
    return this.database.transaction(() => Array.from({ length: count }, (_, at) => make(at)))();
  }
}
