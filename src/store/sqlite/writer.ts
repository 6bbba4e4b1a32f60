import { parentPort, workerData } from 'node:worker_threads';
import BetterSqlite3 from 'better-sqlite3';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import type { Transaction, TransactionFunctions } from '../../core/store.ts';
import { transactionOver } from '../queries/transaction.ts';
import { applyMigrations } from './migrations.ts';
import { openingSentence } from './open-error.ts';
import {
  type Call,
  type FromWriter,
  type Outcome,
  type ToWriter,
  outcomeOf,
  pack,
  unpack,
} from './thread-messages.ts';

/**
 * The thread that owns the writing connection: it waits for the disk, so that the event loop never does. Calls that
 * arrive while one batch is being committed share the next commit.
 */

interface WriterData {
  readonly path: string;
  readonly migrationsFolder: string;
  /** URL of the module that exports `createTransactions(environment)`. */
  readonly module: string;
  readonly environment: unknown;
}

const { path, migrationsFolder, module, environment } = workerData as WriterData;
const port = parentPort;
if (port === null) throw new Error('the writer runs in a thread of its own');
const say = (message: FromWriter): void => port.postMessage(message);

try {
  const connection = openConnection();
  applyMigrations(connection, migrationsFolder, path);
  const functions = await loadFunctions();
  const transaction = transactionOver(drizzle(connection));
  const runBatch = batchRunner(connection, transaction, functions);
  port.on('message', (message: ToWriter) => {
    if (message.kind === 'batch') {
      void runBatch(message.calls).then((outcomes) => say({ kind: 'committed', outcomes }));
    } else {
      connection.pragma('wal_checkpoint(TRUNCATE)');
      connection.close();
      say({ kind: 'closed' });
      port.close();
    }
  });
  say({ kind: 'ready' });
} catch (error) {
  say({ kind: 'cannot open', sentence: openingSentence(error, path) });
  port.close();
}

function openConnection(): BetterSqlite3.Database {
  const connection = new BetterSqlite3(path, { timeout: 5_000 });
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = FULL');
  connection.pragma('foreign_keys = ON');
  // What was deleted, a mail's text or a key, is overwritten rather than left in free pages.
  connection.pragma('secure_delete = ON');
  connection.pragma('journal_size_limit = 67108864');
  return connection;
}

async function loadFunctions(): Promise<TransactionFunctions> {
  const loaded = (await import(module)) as { createTransactions(environment: unknown): TransactionFunctions };
  return loaded.createTransactions(environment);
}

/** Runs calls in one commit, each in a savepoint of its own: one that fails leaves its neighbours alone. */
function batchRunner(
  connection: BetterSqlite3.Database,
  transaction: Transaction,
  functions: TransactionFunctions,
): (calls: readonly Call[]) => Promise<Outcome[]> {
  const begin = connection.prepare('BEGIN IMMEDIATE');
  const commit = connection.prepare('COMMIT');
  const savepoint = connection.prepare('SAVEPOINT call');
  const release = connection.prepare('RELEASE call');
  const undo = connection.prepare('ROLLBACK TO call');

  const runOne = async (call: Call): Promise<Outcome> => {
    savepoint.run();
    try {
      const outcome = await settledAtOnce(call, transaction, functions);
      release.run();
      return outcome;
    } catch (error) {
      if (connection.inTransaction) {
        undo.run();
        release.run();
      }
      return outcomeOf(error);
    }
  };

  return async (calls) => {
    try {
      begin.run();
      const outcomes: Outcome[] = [];
      for (const call of calls) outcomes.push(await runOne(call));
      // A full disk ends the whole transaction at whichever statement meets it.
      if (!connection.inTransaction) throw new Error('the transaction was ended by the database');
      commit.run();
      return outcomes;
    } catch (error) {
      if (connection.inTransaction) connection.exec('ROLLBACK');
      return calls.map(() => outcomeOf(error));
    }
  };
}

/**
 * Calls a function, which may await nothing but its transaction. Everything there settles without input or output; a
 * function that is still running when the event loop turns waits for something else, and would write into its
 * neighbours' transactions: the thread gives up.
 */
async function settledAtOnce(
  call: Call,
  transaction: Transaction,
  functions: TransactionFunctions,
): Promise<Outcome> {
  const run = Object.hasOwn(functions, call.name) ? functions[call.name] : undefined;
  if (run === undefined) throw new Error(`there is no transaction ${call.name}`);
  const watch = setImmediate(() => {
    throw new Error(`the transaction ${call.name} waits for something that is no part of it`);
  });
  try {
    return { kind: 'done', output: pack(await run(transaction, unpack(call.input) as never)) };
  } finally {
    clearImmediate(watch);
  }
}
