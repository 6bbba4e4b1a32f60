import type pg from 'pg';
import type { Dialect } from '../queries/dialect.ts';
import { type CarriedTable, carriedTables } from './carried-tables.ts';
import { type Progress, replaceProgress } from './progress.ts';
import { RowChain, type RowValue } from './row-chain.ts';
import { rowsOf } from './table-rows.ts';
import { inTransaction, rowWriter } from './target.ts';

/** What has arrived is not what the source has now. */
export class SourceChanged extends Error {}

export interface CopyOptions {
  readonly source: Dialect;
  readonly target: pg.ClientBase;
  /** What has arrived so far. */
  readonly progress: Progress;
  /** Rows of one transaction. */
  readonly batchRows: number;
  /** Called after each transaction. */
  readonly onRows: (table: CarriedTable, rows: number) => void;
}

/**
 * Copies every table, a transaction for each batch of rows and the note that they have arrived. What had arrived before
 * is read again in the source, to see that it is still the same there.
 *
 * @returns how far it came: to the end
 * @throws SourceChanged when it is not the same
 */
export async function copyTables(options: CopyOptions): Promise<Progress> {
  let { progress } = options;
  for (const table of carriedTables) progress = await copyTable({ ...options, progress }, table);
  return progress;
}

async function copyTable(options: CopyOptions, table: CarriedTable): Promise<Progress> {
  const { source, target, batchRows, onRows } = options;
  let { progress } = options;
  const arrived = progress.tables[table.name] ?? new RowChain();
  const chain = new RowChain();
  const write = rowWriter(target, table);
  let batch: RowValue[][] = [];

  const flush = async (): Promise<void> => {
    const next = {
      ...progress,
      tables: { ...progress.tables, [table.name]: { rows: chain.rows, hash: chain.hash } },
    };
    await inTransaction(target, async () => {
      await write(batch);
      await replaceProgress(target, progress, next);
    });
    progress = next;
    batch = [];
    onRows(table, chain.rows);
  };

  for await (const row of rowsOf(source, table, 'source', batchRows)) {
    if (chain.rows === arrived.rows && !chain.equals(arrived)) throw new SourceChanged();
    const isThere = chain.rows < arrived.rows;
    chain.add(row);
    if (isThere) continue;
    batch.push(row);
    if (batch.length >= batchRows) await flush();
  }
  if (chain.rows < arrived.rows || (chain.rows === arrived.rows && !chain.equals(arrived))) {
    throw new SourceChanged();
  }
  if (batch.length > 0) await flush();
  return progress;
}
