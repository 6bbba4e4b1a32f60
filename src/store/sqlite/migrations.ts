import { readFileSync } from 'node:fs';
import path from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import { migrate } from 'drizzle-orm/better-sqlite3/migrator';
import { z } from 'zod';
import { StoreOpenError } from './open-error.ts';

const journalSchema = z.object({ entries: z.array(z.object({ when: z.number() })) });

/**
 * Brings the database to the form this program knows.
 *
 * @throws StoreOpenError when a newer program has changed it: what that one relies on could be broken
 */
export function applyMigrations(
  connection: BetterSqlite3.Database,
  folder: string,
  databasePath: string,
): void {
  const journal: unknown = JSON.parse(readFileSync(path.join(folder, 'meta', '_journal.json'), 'utf8'));
  const known = Math.max(...journalSchema.parse(journal).entries.map(({ when }) => when));
  const applied = lastApplied(connection);
  if (applied !== null && applied > known) {
    throw new StoreOpenError(
      `The database ${databasePath} was changed by a newer version of Letterlock: start that version or a later one.`,
    );
  }
  migrate(drizzle(connection), { migrationsFolder: folder });
}

function lastApplied(connection: BetterSqlite3.Database): number | null {
  const table = connection
    .prepare("select 1 from sqlite_master where type = 'table' and name = '__drizzle_migrations'")
    .get();
  if (table === undefined) return null;
  const row = connection.prepare('select max(created_at) as last from __drizzle_migrations').get();
  return z.object({ last: z.number().nullable() }).parse(row).last;
}
