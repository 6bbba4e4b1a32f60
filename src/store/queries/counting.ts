import { asc, count, isNull, sql } from 'drizzle-orm';
import type { DataKeyUse, StoreCounts } from '../../core/maintenance.ts';
import type { Dialect } from './dialect.ts';
import { firstOrNull } from './rows.ts';

/** How much of everything there is. Accounts that were deleted are not counted. */
export async function countStore({ database, tables }: Dialect): Promise<StoreCounts> {
  const { users, sessions, rooms, messages, audit } = tables;
  const all = { rows: count() };
  const number = (rows: readonly { rows: number }[]): number => firstOrNull(rows)?.rows ?? 0;
  return {
    users: number(await database.select(all).from(users).where(isNull(users.deletedAt))),
    sessions: number(await database.select(all).from(sessions)),
    rooms: number(await database.select(all).from(rooms)),
    messages: number(await database.select(all).from(messages)),
    auditEntries: number(await database.select(all).from(audit)),
  };
}

/** What hangs on each data key, oldest first. */
export async function keyUse({ database, tables }: Dialect): Promise<DataKeyUse[]> {
  const { version, createdAt, retiredAt } = tables.dataKeys;
  const { messages } = tables;
  // Not by a join: this is answered from an index, without looking at a message.
  const under = sql`(select count(*) from ${messages} where ${messages.keyVersion} = ${version})`.mapWith(
    Number,
  );
  return database
    .select({ version, createdAt, retiredAt, messages: under })
    .from(tables.dataKeys)
    .orderBy(asc(version));
}
