import { and, isNotNull, lt, sql } from 'drizzle-orm';
import type { Expiry, Transaction } from '../../core/store.ts';
import type { Dialect } from './dialect.ts';
import { codeQueries } from './codes.ts';
import { factQueries, guessQueries } from './guesses.ts';
import { idempotencyQueries } from './idempotency.ts';
import { linkQueries } from './links.ts';
import { mailQueries } from './mails.ts';
import { membershipQueries } from './memberships.ts';
import { dataKeyQueries, messageQueries } from './messages.ts';
import { auditQueries, banQueries, seenAddressQueries } from './moderation.ts';
import { roomQueries } from './rooms.ts';
import { deleteExpiredSessions, sessionQueries } from './sessions.ts';
import { userKeyQueries } from './user-keys.ts';
import { userQueries } from './users.ts';

/** All queries over one connection. Over a read-only one they serve as a Reader. */
export function transactionOver(dialect: Dialect): Transaction {
  return {
    users: userQueries(dialect),
    sessions: sessionQueries(dialect),
    userKeys: userKeyQueries(dialect),
    codes: codeQueries(dialect),
    mails: mailQueries(dialect),
    guesses: guessQueries(dialect),
    idempotency: idempotencyQueries(dialect),
    facts: factQueries(dialect),
    rooms: roomQueries(dialect),
    memberships: membershipQueries(dialect),
    messages: messageQueries(dialect),
    dataKeys: dataKeyQueries(dialect),
    bans: banQueries(dialect),
    audit: auditQueries(dialect),
    seenAddresses: seenAddressQueries(dialect),
    links: linkQueries(dialect),
    // One writer at a time has nobody beside it; who has others beside it puts its own in the place of this.
    claim: async () => {},
    deleteExpired: (expiry, limit) => deleteExpired(dialect, expiry, limit),
  };
}

async function deleteExpired(dialect: Dialect, expiry: Expiry, limit: number): Promise<number> {
  const { database, rowIsAt, rowPlace } = dialect;
  const { codes, guesses, idempotency, links, mails, seenAddresses } = dialect.tables;
  const steps = [
    { table: codes, over: lt(codes.expiresAt, expiry.now) },
    { table: idempotency, over: lt(idempotency.createdAt, expiry.idempotencyBefore) },
    { table: mails, over: and(isNotNull(mails.settledAt), lt(mails.settledAt, expiry.mailsSettledBefore)) },
    { table: seenAddresses, over: lt(seenAddresses.seenAt, expiry.addressesSeenBefore) },
    { table: guesses, over: lt(guesses.countedSince, expiry.guessesBefore) },
    { table: links, over: lt(links.keptUntil, expiry.now) },
  ];
  let gone = await deleteExpiredSessions(dialect, expiry, limit);
  for (const { table, over } of steps) {
    const some = sql`select ${rowPlace} from ${table} where ${over} limit ${limit}`;
    const rows = await database
      .delete(table)
      .where(rowIsAt(some))
      .returning({ one: sql`1` });
    gone += rows.length;
  }
  return gone;
}
