import { randomBytes } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { SqliteDatabase } from './driver.ts';
import type { TransactionFunction, TransactionFunctions } from '../../core/store.ts';
import { transactionOn } from './dialect.ts';
import { batchRunner } from './batch-runner.ts';
import { applyMigrations } from './migrations.ts';
import { DatabaseTooNew, StoreOpenError } from '../open-error.ts';
import { openingSentence } from './open-error.ts';
import { type FromWriter, type ToWriter, type WriterOptions, checkCall } from './thread-messages.ts';

/**
 * The thread that owns the writing connection: it waits for the disk, so that the event loop never does. Calls that
 * arrive while one batch is being committed share the next commit.
 */

const { path, migrationsFolder, module, environment } = workerData as WriterOptions;
const port = parentPort;
if (port === null) throw new Error('the writer runs in a thread of its own');
const say = (message: FromWriter): void => port.postMessage(message);

const functions = { ...(await loadFunctions()), [checkCall]: check };
try {
  const { connection, created } = openDatabase();
  serve(connection);
  say({ kind: 'ready', created });
} catch (error) {
  const isTooNew = error instanceof DatabaseTooNew;
  say({ kind: 'cannot open', sentence: openingSentence(error, path), isTooNew });
  port.close();
}

async function loadFunctions(): Promise<TransactionFunctions> {
  const loaded = (await import(module)) as { createTransactions(environment: unknown): TransactionFunctions };
  return loaded.createTransactions(environment);
}

function openDatabase(): { connection: SqliteDatabase; created: boolean } {
  const connection = new SqliteDatabase(path, { timeout: 5_000 });
  try {
    const { created } = applyMigrations(setUp(connection), migrationsFolder, path);
    connection.pragma('foreign_keys = ON');
    return { connection, created };
  } catch (error) {
    connection.close();
    throw error;
  }
}

function setUp(connection: SqliteDatabase): SqliteDatabase {
  if (connection.pragma('journal_mode = WAL', { simple: true }) !== 'wal') {
    throw new StoreOpenError(
      `The database ${path} lies on a file system that cannot do write-ahead logging.`,
    );
  }
  connection.pragma('synchronous = FULL');
  // What was deleted, a mail's text or a key, is overwritten rather than left in free pages.
  connection.pragma('secure_delete = ON');
  connection.pragma('journal_size_limit = 67108864');
  return connection;
}

function serve(connection: SqliteDatabase): void {
  const runBatch = batchRunner(connection, transactionOn(connection), functions);
  port?.on('message', (message: ToWriter) => {
    if (message.kind === 'batch') {
      void runBatch(message.calls).then(say);
    } else {
      connection.pragma('wal_checkpoint(TRUNCATE)');
      connection.close();
      port.close();
    }
  });
}

/** A trivial write. The value is another one each time: SQLite writes no page that stays as it was. */
async function check(...[transaction]: Parameters<TransactionFunction>): Promise<void> {
  await transaction.facts.put('last-check', randomBytes(8));
}
