import { drizzle } from 'drizzle-orm/better-sqlite3';
import { migrate } from 'drizzle-orm/better-sqlite3/migrator';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import type { SqliteDatabase } from './driver.ts';
import { DatabaseTooNew, StoreOpenError } from '../open-error.ts';

/**
 * Brings the database to the form this program knows. Migrations are known by the time in their journal.
 *
 * @returns whether the database was new
 * @throws DatabaseTooNew when migrations were applied that the journal does not know: what relies on them could be broken
 * @throws StoreOpenError when the database belongs to another program, or a migration can no longer be applied in its
 *   place
 */
export function applyMigrations(
  connection: SqliteDatabase,
  folder: string,
  path: string,
): { created: boolean } {
  const { applied, pending } = migrationState(connection, folder, path);
  if (pending.length > 0) {
    // Rebuilding a table drops the old one, which would delete all that refers to it; it cannot be switched off later,
    // because the migrations share a transaction.
    connection.pragma('foreign_keys = OFF');
    migrate(drizzle(connection), { migrationsFolder: folder });
  }
  return { created: applied.length === 0 };
}

/**
 * Looks how the database stands to what this program knows, and changes nothing.
 *
 * @returns the times of the migrations in it and of those to come
 * @throws DatabaseTooNew, StoreOpenError as `applyMigrations` does
 */
export function migrationState(
  connection: SqliteDatabase,
  folder: string,
  path: string,
): { applied: readonly number[]; pending: readonly number[] } {
  const known = new Set(readMigrationFiles({ migrationsFolder: folder }).map((each) => each.folderMillis));
  const applied = appliedMigrations(connection, path);
  for (const time of applied) if (!known.has(time)) throw new DatabaseTooNew(path);
  const pending = [...known].filter((time) => !applied.includes(time));
  // drizzle's migrator looks at the latest time only, and would leave these out without a word.
  if (pending.some((time) => time < Math.max(...applied))) {
    throw new StoreOpenError(
      `The database ${path} was changed by another version of Letterlock, and this one cannot catch up with it.`,
    );
  }
  return { applied, pending };
}

/** The times of the migrations in the database, from the journals they were applied from. */
function appliedMigrations(connection: SqliteDatabase, path: string): number[] {
  const tables = connection
    .prepare<[], { name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
    .all()
    .map(({ name }) => name);
  if (tables.includes('__drizzle_migrations')) {
    return connection
      .prepare<[], { at: number }>('SELECT created_at AS at FROM __drizzle_migrations')
      .all()
      .map(({ at }) => at);
  }
  if (tables.length > 0) {
    throw new StoreOpenError(
      `The database ${path} belongs to another program: DATABASE_URL points to something else.`,
    );
  }
  return [];
}
