import { readFileSync } from 'node:fs';
import path from 'node:path';
import { SqliteDatabase } from '../../src/store/sqlite/driver.ts';
import { newMailRow } from '../../src/core/mail/mail-content.ts';
import { type AtRestKeys, createAtRestKeys } from '../../src/crypto/at-rest.ts';
import { type SealedClient, emailOf, registered } from './sealed-client.ts';
import type { TestServer } from './test-server.ts';

/** The database file of a server's folder. */
export function databaseIn(folder: string): string {
  return path.join(folder, 'data', 'letterlock.db');
}

/** The keys of a server's folder. */
export function keysIn(folder: string): AtRestKeys {
  return createAtRestKeys(readFileSync(path.join(folder, 'keys', 'master.key')));
}

/** Two users, and the ids of the rooms they have written in. */
export interface Filled {
  readonly ada: SealedClient;
  readonly bert: SealedClient;
  /** `Werkstatt`: four messages, of which the second was edited and the third deleted. */
  readonly room: string;
  /** Their direct room: two messages, the last under the second data key. */
  readonly direct: string;
  /** The `idem` of the last message in `Werkstatt`. */
  readonly idem: string;
}

/** Writes something of every kind that a database holds. */
export async function fill(server: TestServer): Promise<Filled> {
  const ada = await registered(server.url, 'ada');
  const bert = await registered(server.url, 'bert');
  // A user's first key may still be in the making: who asks for it waits for it.
  for (const username of ['ada', 'bert']) await ada.must(`/public_key/${username}`);
  const room = String((await ada.must('/create_room', { room: 'Werkstatt', kind: 'open' }))['room']);
  await bert.must('/join_room', { room });
  for (const message of ['one', 'two', 'three']) await ada.must('/send_message', { room, message });
  const idem = 'the-fourth-message';
  await bert.must('/send_message', { room, message: 'four' }, { idem });
  await bert.must('/mark_read', { room, seq: 4 });
  await ada.must('/edit_message', { room, seq: 2, message: 'zwei' });
  await ada.must('/delete_message', { room, seq: 3 });
  const direct = String((await ada.must('/send_message', { to: 'bert', message: 'hello' }))['room']);
  const note = { now: Date.now(), actor: 'console', action: 'notice', details: {} };
  for (const target of ['first', 'second', 'third']) {
    await server.store.transact('noteAction', { ...note, target });
  }
  await server.store.transact('rotateDataKey', { now: Date.now(), actor: 'console' });
  await bert.must('/send_message', { to: 'ada', message: 'hello yourself' });
  return { ada, bert, room, direct, idem };
}

/** Queues a mail with a code that is not due for an hour. */
export function leaveMailWaiting(folder: string): void {
  const queued = newMailRow(keysIn(folder), {
    id: 'waiting',
    now: Date.now(),
    content: {
      kind: 'recovery_code',
      to: emailOf('ada'),
      username: 'ada',
      code: 'ABCDEFGH',
      minutes: 15,
    },
  });
  const row = { ...queued, nextAttemptAt: Date.now() + 3_600_000 };
  change(databaseIn(folder), (database) => {
    database
      .prepare(
        'INSERT INTO mails VALUES (@id, @kind, @recipientHash, @sealedContent, @createdAt, @nextAttemptAt, @attempts, @settledAt)',
      )
      .run(row);
  });
}

/** Does something to a database that no server would do. */
export function change(file: string, act: (database: SqliteDatabase) => void): void {
  const database = new SqliteDatabase(file);
  database.pragma('foreign_keys = OFF');
  try {
    act(database);
  } finally {
    database.close();
  }
}
