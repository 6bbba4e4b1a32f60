import { closeSync, existsSync, openSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import type { Store } from '../../core/store.ts';
import { transactionOver } from '../queries/transaction.ts';
import { CommitQueue, type CommitQueueOptions } from './commit-queue.ts';
import { StoreOpenError, openingSentence } from './open-error.ts';
import { lockDatabase } from './process-lock.ts';

export interface SqliteStoreOptions extends Pick<CommitQueueOptions, 'batch' | 'waiting'> {
  /** The database file; made where it is missing, readable by its owner only. */
  readonly path: string;
  readonly migrationsFolder: string;
  readonly transactions: {
    /** A compiled module that exports `createTransactions(environment)`, which returns the functions by name. */
    readonly module: URL;
    /** Cloned into the writer thread: plain values and Uint8Arrays. */
    readonly environment: unknown;
  };
  /** Called when the writer thread ends on its own: nothing can be written any more. */
  readonly onFatal?: (error: Error) => void;
}

/** A store on SQLite, with what it counts. */
export interface SqliteStore<Functions> extends Store<Functions> {
  /** Commits so far, and transaction functions that shared them. */
  readonly counts: Readonly<{ commits: number; calls: number }>;
}

/**
 * Opens the database: short reads on the calling thread, everything that writes in a thread of its own (`writer.ts`).
 *
 * @throws StoreOpenError with a sentence for an admin
 */
export async function openSqliteStore<Functions>(
  options: SqliteStoreOptions,
): Promise<SqliteStore<Functions>> {
  const { path, migrationsFolder, transactions } = options;
  const release = prepareFile(path);
  const queue = new CommitQueue({
    ...options,
    writer: {
      path,
      migrationsFolder,
      module: transactions.module.href,
      environment: transactions.environment,
    },
    onFatal: options.onFatal ?? (() => {}),
  });
  try {
    await queue.opened();
  } catch (error) {
    release();
    throw error;
  }
  const reading = new BetterSqlite3(path, { readonly: true, timeout: 100 });
  return {
    read: transactionOver(drizzle(reading)),
    counts: queue.counts,
    transact: (name, input) => queue.call(name, input) as never,
    check: async () => {
      await queue.call('checkWritable', {});
    },
    close: async () => {
      await queue.close();
      reading.close();
      release();
    },
  };
}

/** Makes the file and takes the lock. */
function prepareFile(path: string): () => void {
  try {
    // SQLite gives its other files the mode of this one.
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
    return lockDatabase(path);
  } catch (error) {
    throw error instanceof StoreOpenError ? error : new StoreOpenError(openingSentence(error, path));
  }
}
