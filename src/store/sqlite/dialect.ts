import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import type { SqliteDatabase } from './driver.ts';
import type { Transaction } from '../../core/store.ts';
import type { Dialect } from '../queries/dialect.ts';
import { transactionOver } from '../queries/transaction.ts';
import * as tables from './schema.ts';

/** How queries are made for a SQLite database. */
export function sqliteDialect(connection: SqliteDatabase): Dialect {
  return {
    database: drizzle(connection),
    tables,
    prepared: (query) => query.prepare() as never,
    greatest: (one, other) => sql`max(${one}, ${other})`,
    rowPlace: sql`rowid`,
    rowIsAt: (places) => sql`rowid in (${places})`,
  };
}

/** All queries over one connection. Over a read-only one they serve as a Reader. */
export function transactionOn(connection: SqliteDatabase): Transaction {
  return transactionOver(sqliteDialect(connection));
}
