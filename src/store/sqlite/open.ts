import { closeSync, openSync, realpathSync } from 'node:fs';
import { SqliteDatabase } from './driver.ts';
import type { Distribution } from '../../core/distribution.ts';
import type { Store } from '../../core/store.ts';
import { transactionOn } from './dialect.ts';
import { CommitQueue, type CommitQueueOptions } from './commit-queue.ts';
import { StoreOpenError } from '../open-error.ts';
import { openingSentence } from './open-error.ts';
import { lockDatabase } from './process-lock.ts';
import { checkCall } from './thread-messages.ts';

export interface SqliteStoreOptions extends Pick<CommitQueueOptions, 'batch' | 'waiting'> {
  /** The database file; made where it is missing, readable by its owner only. */
  readonly path: string;
  readonly migrationsFolder: string;
  readonly transactions: {
    /** A compiled module that exports `createTransactions(environment)`, which returns the functions by name. */
    readonly module: URL;
    /** Cloned into the writer thread: Buffers arrive there as Uint8Arrays, functions and classes not at all. */
    readonly environment: unknown;
  };
  /** Called when the writer thread ends on its own: nothing can be written any more. */
  readonly onFatal?: (error: Error) => void;
}

/** A store on SQLite, with what it counts. */
export interface SqliteStore<Functions> extends Store<Functions> {
  /** Whether the database was new, or had never got as far as having tables. */
  readonly created: boolean;
  /** Commits so far, and transaction functions that shared them. */
  readonly counts: Readonly<{ commits: number; calls: number; callsOfCommit: Distribution }>;
  /** Calls on their way to the disk, and those that wait for their turn. */
  readonly depth: Readonly<{ running: number; waiting: number }>;
}

/**
 * Opens the database: short reads on the calling thread, everything that writes in a thread of its own (`writer.ts`).
 * Bytes in rows, inputs and outputs are Buffers on both sides.
 *
 * @throws StoreOpenError with a sentence for an admin; DatabaseTooNew when a newer version has changed it
 */
export async function openSqliteStore<Functions>(
  options: SqliteStoreOptions,
): Promise<SqliteStore<Functions>> {
  const { migrationsFolder, transactions } = options;
  const { path, release } = claimFile(options.path);
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
    const { created } = await queue.opened();
    // The event loop waits for no lock: in WAL mode reading needs none that a writer holds.
    const reading = new SqliteDatabase(path, { readonly: true, timeout: 0 });
    return {
      created,
      read: transactionOn(reading),
      counts: queue.counts,
      get depth() {
        return queue.depth;
      },
      transact: (name, input) => queue.call(name, input) as never,
      check: async () => {
        await queue.call(checkCall, undefined);
      },
      close: async () => {
        await queue.drain();
        // The last connection to close removes the log, which a reading one could not.
        reading.close();
        await queue.end();
        release();
      },
    };
  } catch (error) {
    await queue.end();
    release();
    throw error;
  }
}

/** Makes the file and takes the lock, under the name that no link hides. */
function claimFile(name: string): { path: string; release: () => void } {
  try {
    // SQLite gives its other files the mode of this one.
    closeSync(openSync(name, 'a', 0o600));
    const path = realpathSync(name);
    return { path, release: lockDatabase(path) };
  } catch (error) {
    throw error instanceof StoreOpenError ? error : new StoreOpenError(openingSentence(error, name));
  }
}
