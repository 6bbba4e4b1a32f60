import type pg from 'pg';
import { MaintenanceError } from '../../core/maintenance.ts';
import { migrationFact, migrationUnderWay } from '../postgres/half-migrated.ts';

/** How far a migration has come, as it is written into the target together with the rows that it tells of. */
export interface Progress {
  /** The file that it comes from. */
  readonly source: string;
  /** The checksum of the rows that have arrived, by table. */
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly hash: string }>>;
}

/** The progress in the target; null where no migration is under way. */
export async function readProgress(client: pg.ClientBase): Promise<Progress | null> {
  const value = await migrationUnderWay(client);
  return value === null ? null : (JSON.parse(value.toString()) as Progress);
}

/** Written for the first time: from here on no server starts on the target. */
export async function beginProgress(client: pg.ClientBase, progress: Progress): Promise<void> {
  await client.query('INSERT INTO facts (name, value) VALUES ($1, $2)', [migrationFact, valueOf(progress)]);
}

/**
 * Puts one progress in the place of another, in the transaction of what it tells of.
 *
 * @throws MaintenanceError when somebody else has gone on with the same migration
 */
export async function replaceProgress(
  client: pg.ClientBase,
  before: Progress,
  after: Progress,
): Promise<void> {
  const { rowCount } = await client.query('UPDATE facts SET value = $3 WHERE name = $1 AND value = $2', [
    migrationFact,
    valueOf(before),
    valueOf(after),
  ]);
  if (rowCount !== 1) throw elsewhere();
}

/** From here on a server may start. @throws MaintenanceError as `replaceProgress` does */
export async function endProgress(client: pg.ClientBase, progress: Progress): Promise<void> {
  const { rowCount } = await client.query('DELETE FROM facts WHERE name = $1 AND value = $2', [
    migrationFact,
    valueOf(progress),
  ]);
  if (rowCount !== 1) throw elsewhere();
}

function valueOf(progress: Progress): Buffer {
  return Buffer.from(JSON.stringify(progress));
}

function elsewhere(): MaintenanceError {
  return new MaintenanceError(
    'Somebody else is migrating into the same database: let one of the two finish.',
  );
}
