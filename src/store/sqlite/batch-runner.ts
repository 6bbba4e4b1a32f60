import type { SqliteDatabase } from './driver.ts';
import { StoreFailure, type Transaction, type TransactionFunctions } from '../../core/store.ts';
import { CallScope } from '../call-scope.ts';
import { type Outcome, outcomeOf } from '../outcome.ts';
import { pack, unpack } from '../packing.ts';
import { type Call, type Committed } from './thread-messages.ts';

/**
 * Runs calls in one commit, each in a savepoint of its own: one that fails leaves its neighbours alone. Where the
 * commit itself fails, all of them have failed.
 */
export function batchRunner(
  connection: SqliteDatabase,
  transaction: Transaction,
  functions: TransactionFunctions,
): (calls: readonly Call[]) => Promise<Committed> {
  const begin = connection.prepare('BEGIN IMMEDIATE');
  const commit = connection.prepare('COMMIT');
  const savepoint = connection.prepare('SAVEPOINT call');
  const release = connection.prepare('RELEASE call');
  const undo = connection.prepare('ROLLBACK TO call');

  const runOne = async (call: Call): Promise<Outcome> => {
    const run = Object.hasOwn(functions, call.name) ? functions[call.name] : undefined;
    if (run === undefined) return outcomeOf(new Error(`there is no transaction ${call.name}`));
    const scope = new CallScope(transaction, () => connection.inTransaction);
    savepoint.run();
    try {
      const input = unpack(call.input) as never;
      const output = pack(await settledAtOnce(call.name, () => run(scope.transaction, input)));
      if (scope.isBusy) throw new StoreFailure(`the transaction ${call.name} ended before its queries did`);
      release.run();
      return { kind: 'done', output };
    } catch (error) {
      // What is under way ends before the event loop turns; only then can all of it be undone.
      if (scope.isBusy) await nextTurn();
      // Without a transaction the next savepoint would be one, and would be committed by itself.
      if (!connection.inTransaction) throw error;
      undo.run();
      release.run();
      return outcomeOf(error);
    } finally {
      scope.end();
    }
  };

  return async (calls) => {
    try {
      begin.run();
      const outcomes: Outcome[] = [];
      for (const call of calls) outcomes.push(await runOne(call));
      commit.run();
      return { kind: 'committed', isDurable: true, outcomes };
    } catch (error) {
      if (connection.inTransaction) connection.exec('ROLLBACK');
      const failure = new StoreFailure('the batch was not committed', error);
      return { kind: 'committed', isDurable: false, outcomes: calls.map(() => outcomeOf(failure)) };
    }
  };
}

/**
 * What the function settles to. It may await nothing but its transaction, where everything settles without input or
 * output: if the event loop turns before it is done, it waits for something else.
 */
async function settledAtOnce(name: string, run: () => Promise<unknown>): Promise<unknown> {
  let watch: NodeJS.Immediate | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    watch = setImmediate(() => {
      reject(new StoreFailure(`the transaction ${name} waits for something that is no part of it`));
    });
  });
  try {
    return await Promise.race([run(), tooLate]);
  } finally {
    clearImmediate(watch);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
