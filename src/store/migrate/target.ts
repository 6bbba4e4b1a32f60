import { getTableConfig } from 'drizzle-orm/pg-core';
import type pg from 'pg';
import { MaintenanceError } from '../../core/maintenance.ts';
import { oldestMigrationFact } from '../postgres/migrations.ts';
import { ownFacts } from './table-rows.ts';
import { lockNumber } from '../postgres/subject-locks.ts';
import { type CarriedTable, carriedTables, columnsOf } from './carried-tables.ts';
import { type Progress, beginProgress, readProgress, replaceProgress } from './progress.ts';
import type { RowValue } from './row-chain.ts';

/** Does something as one transaction, which is on disk when it is done. */
export async function inTransaction<Result>(
  client: pg.ClientBase,
  act: () => Promise<Result>,
): Promise<Result> {
  await client.query('BEGIN; SET LOCAL synchronous_commit = on');
  try {
    const result = await act();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

/**
 * Claims an empty database for a migration, or takes up the one that is half done in it.
 *
 * @param place what the database is called in sentences
 * @throws MaintenanceError when it is neither empty nor half migrated from this source
 */
export async function claimTarget(client: pg.ClientBase, source: string, place: string): Promise<Progress> {
  return inTransaction(client, async () => {
    // Nodes that start on the same database wait here until it is claimed, and then see that it is.
    await client.query(`SELECT pg_advisory_xact_lock(${lockNumber('migrations')})`);
    const underWay = await readProgress(client);
    if (underWay !== null) {
      if (underWay.source === source) return underWay;
      throw new MaintenanceError(
        `The database ${place} is half migrated from ${underWay.source}: finish that, or take an empty database.`,
      );
    }
    for (const table of carriedTables) {
      if (await isEmpty(client, table)) continue;
      throw new MaintenanceError(
        `The database ${place} is not empty (there is something in ${table.name}): take an empty one. It was left as it is.`,
      );
    }
    const progress = { source, tables: {} };
    await beginProgress(client, progress);
    return progress;
  });
}

async function isEmpty(client: pg.ClientBase, { name }: CarriedTable): Promise<boolean> {
  // A migration may have left a fact for other versions of the program in a new database.
  const where = name === 'facts' ? ` WHERE name <> '${oldestMigrationFact}'` : '';
  const { rows } = await client.query(`SELECT FROM ${name}${where} LIMIT 1`);
  return rows.length === 0;
}

/** Takes back all that has arrived. No server has seen any of it. */
export async function startOver(client: pg.ClientBase): Promise<Progress> {
  return inTransaction(client, async () => {
    const progress = await readProgress(client);
    if (progress === null) throw new MaintenanceError('Somebody else has finished this migration.');
    const none = { source: progress.source, tables: {} };
    await replaceProgress(client, progress, none);
    const names = carriedTables.map(({ name }) => name).filter((name) => name !== 'facts');
    await client.query(`TRUNCATE ${names.join(', ')}`);
    await client.query('DELETE FROM facts WHERE name <> ALL ($1)', [ownFacts]);
    return none;
  });
}

/** Prepares writing rows of a table, any number at once. */
export function rowWriter(
  client: pg.ClientBase,
  table: CarriedTable,
): (rows: readonly (readonly RowValue[])[]) => Promise<void> {
  const { name } = getTableConfig(table.target);
  const columns = Object.values(columnsOf(table.target));
  const names = columns.map((column) => `"${column.name}"`).join(', ');
  // `text COLLATE "C"` is a column's; an array is of the type alone.
  const arrays = columns.map((column, at) => `$${at + 1}::${column.getSQLType().split(' ')[0]}[]`);
  const text = `INSERT INTO "${name}" (${names}) SELECT * FROM unnest(${arrays.join(', ')})`;
  return async (rows) => {
    if (rows.length === 0) return;
    for (const row of rows) refuseNul(row, name);
    await client.query(
      text,
      columns.map((_, at) => rows.map((row) => row[at] ?? null)),
    );
  };
}

/** @throws MaintenanceError for a text that PostgreSQL cannot hold */
function refuseNul(row: readonly RowValue[], table: string): void {
  if (!row.some((value) => typeof value === 'string' && value.includes('\0'))) return;
  throw new MaintenanceError(
    `A row of the table ${table} holds the character U+0000, which PostgreSQL cannot store: the one that begins with ${JSON.stringify(row[0])}.`,
  );
}
