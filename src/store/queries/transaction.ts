import { and, isNotNull, lt, sql } from 'drizzle-orm';
import type { Expiry, Transaction } from '../../core/store.ts';
import type { Database } from '../sqlite/database.ts';
import { codes, guesses, idempotency, mails } from '../sqlite/schema.ts';
import { codeQueries } from './codes.ts';
import { factQueries, guessQueries } from './guesses.ts';
import { idempotencyQueries } from './idempotency.ts';
import { mailQueries } from './mails.ts';
import { deleteExpiredSessions, sessionQueries } from './sessions.ts';
import { userKeyQueries } from './user-keys.ts';
import { userQueries } from './users.ts';

/** All queries over one connection. Over a read-only one they serve as a Reader. */
export function transactionOver(database: Database): Transaction {
  return {
    users: userQueries(database),
    sessions: sessionQueries(database),
    userKeys: userKeyQueries(database),
    codes: codeQueries(database),
    mails: mailQueries(database),
    guesses: guessQueries(database),
    idempotency: idempotencyQueries(database),
    facts: factQueries(database),
    deleteExpired: (expiry, limit) => deleteExpired(database, expiry, limit),
  };
}

async function deleteExpired(database: Database, expiry: Expiry, limit: number): Promise<number> {
  const steps = [
    { table: codes, over: lt(codes.expiresAt, expiry.now) },
    { table: idempotency, over: lt(idempotency.createdAt, expiry.idempotencyBefore) },
    { table: mails, over: and(isNotNull(mails.settledAt), lt(mails.settledAt, expiry.mailsSettledBefore)) },
    { table: guesses, over: lt(guesses.countedSince, expiry.guessesBefore) },
  ];
  let gone = await deleteExpiredSessions(database, expiry, limit);
  for (const { table, over } of steps) {
    const some = sql`select rowid from ${table} where ${over} limit ${limit}`;
    const rows = await database
      .delete(table)
      .where(sql`rowid in (${some})`)
      .returning({ one: sql`1` });
    gone += rows.length;
  }
  return gone;
}
