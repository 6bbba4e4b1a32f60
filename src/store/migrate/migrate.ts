import type pg from 'pg';
import { MaintenanceError, type StoreCounts } from '../../core/maintenance.ts';
import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { firstProblems, inspectDatabase } from '../inspection/inspect.ts';
import { applyMigrations } from '../postgres/migrations.ts';
import { withClient } from '../postgres/open.ts';
import type { PostgresOptions } from '../postgres/options.ts';
import { type Snapshot, withSnapshot } from '../postgres/snapshot.ts';
import { countStore } from '../queries/counting.ts';
import { type CarriedTable, carriedTables } from './carried-tables.ts';
import { type CopyOptions, SourceChanged, copyTables } from './copy.ts';
import { type Progress, endProgress } from './progress.ts';
import { RowChain } from './row-chain.ts';
import { type Source, withSource } from './source.ts';
import { rowsOf } from './table-rows.ts';
import { claimTarget, inTransaction, startOver } from './target.ts';

export interface MigrateOptions {
  /** The file of the SQLite database. It is only read. */
  readonly file: string;
  readonly postgres: PostgresOptions;
  /** The migrations of SQLite and of PostgreSQL. */
  readonly folders: { readonly sqlite: string; readonly postgres: string };
  readonly keys: AtRestKeys;
  readonly onProgress: (sentence: string) => void;
  /** Rows of one transaction, and most that are held at once. Default 1000 */
  readonly batchRows?: number;
}

export interface MigrateReport {
  readonly counts: StoreCounts;
  /** Rows, by table. */
  readonly rows: Readonly<Record<string, number>>;
}

/**
 * Brings everything in a SQLite database into an empty PostgreSQL database. Broken off, whenever that is, it goes on
 * where it was when it is run again; no server starts on the target before all of it has arrived and was checked.
 *
 * @throws MaintenanceError, StoreOpenError with a sentence for an admin
 */
export async function migrateToPostgres(options: MigrateOptions): Promise<MigrateReport> {
  const { file, postgres, folders, keys, onProgress } = options;
  return withSource({ file, migrationsFolder: folders.sqlite, keys, onProgress }, (source) =>
    withClient(postgres, async (target) => {
      await applyMigrations(target, folders.postgres, postgres.place, onProgress);
      const progress = await copyAll(options, source, target);
      const counts = await checkTarget(options, progress);
      onProgress('preparing the database for use');
      await target.query('ANALYZE');
      await inTransaction(target, () => endProgress(target, progress));
      return { counts, rows: rowsBy(progress) };
    }),
  );
}

async function copyAll(
  { postgres, onProgress, batchRows = 1000 }: MigrateOptions,
  { file, dialect }: Source,
  target: pg.ClientBase,
): Promise<Progress> {
  const progress = await claimTarget(target, file, postgres.place);
  const { messages } = await countStore(dialect);
  const onRows = ({ name }: CarriedTable, rows: number): void => {
    onProgress(
      name === 'messages' ? `${rows} of ${messages} messages copied` : `${rows} rows of ${name} copied`,
    );
  };
  const options: CopyOptions = { source: dialect, target, progress, batchRows, onRows };
  try {
    return await copyTables(options);
  } catch (error) {
    if (!(error instanceof SourceChanged)) throw error;
    onProgress(`${file} has changed since the migration was begun: beginning anew`);
    return copyTables({ ...options, progress: await startOver(target) });
  }
}

/** @throws MaintenanceError unless the target holds the same rows, and they are whole */
async function checkTarget(options: MigrateOptions, progress: Progress): Promise<StoreCounts> {
  const { postgres, keys, onProgress } = options;
  return withSnapshot(postgres, async (snapshot) => {
    for (const table of carriedTables) await compareTable(options, snapshot, table, progress);
    const report = await inspectDatabase({
      dialect: snapshot.dialect,
      keys,
      recover: snapshot.recover,
      onProgress: (sentence) => onProgress(`${postgres.place}: ${sentence}`),
    });
    if (report.problemCount > 0) {
      throw new MaintenanceError(
        `The database ${postgres.place} is not whole after the migration: ${firstProblems(report)}`,
      );
    }
    return report.counts;
  });
}

async function compareTable(
  { postgres, onProgress, batchRows = 1000 }: MigrateOptions,
  { dialect }: Snapshot,
  table: CarriedTable,
  progress: Progress,
): Promise<void> {
  const copied = progress.tables[table.name] ?? new RowChain();
  const chain = new RowChain();
  for await (const row of rowsOf(dialect, table, 'target', batchRows)) {
    chain.add(row);
    if (chain.rows % batchRows === 0) onProgress(`${chain.rows} rows of ${table.name} compared`);
  }
  if (chain.equals(copied)) return;
  throw new MaintenanceError(
    `The table ${table.name} in ${postgres.place} is not what was copied (${chain.rows} rows, of ${copied.rows}): something else has written there. Take an empty database and begin anew.`,
  );
}

function rowsBy({ tables }: Progress): Record<string, number> {
  return Object.fromEntries(carriedTables.map(({ name }) => [name, tables[name]?.rows ?? 0]));
}
