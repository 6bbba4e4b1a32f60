import type { Config } from '../config.ts';
import { MaintenanceError } from '../core/maintenance.ts';

/**
 * The file of a database on SQLite.
 *
 * @param instead what does the same for PostgreSQL, in a sentence
 * @throws MaintenanceError where the database is on PostgreSQL
 */
export function databaseFile({ database }: Config, instead: string): string {
  if (database.kind === 'sqlite') return database.file;
  throw new MaintenanceError(`DATABASE_URL names a PostgreSQL database (${database.place}): ${instead}`);
}
