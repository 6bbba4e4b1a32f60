import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3';

/** A drizzle database over one connection. */
export type Database = BetterSQLite3Database;
