import type { QueryResult } from 'pg';
import { StoreFailure, type Transaction, type TransactionFunction } from '../../core/store.ts';
import type { Subjects } from '../../core/transaction-subjects.ts';
import { CallScope } from '../call-scope.ts';
import { pack, unpack } from '../packing.ts';
import type { Connection } from './connections.ts';
import { isConnectionLost, isGivenUp } from './failures.ts';
import type { PostgresOptions } from './options.ts';
import { beginText } from './subject-locks.ts';

/** One call of a transaction function. */
export interface BatchCall {
  readonly name: string;
  readonly run: TransactionFunction<unknown>;
  /** Packed. */
  readonly input: unknown;
  readonly subjects: Subjects;
}

/** What came of one call. */
export type CallResult =
  | { readonly kind: 'done'; readonly output: unknown }
  /** Nothing of it was done. */
  | { readonly kind: 'failed'; readonly error: unknown };

/** A call has found that it must not run beside others either: it is run again, holding these too. */
export class SubjectsMissing extends Error {
  readonly subjects: readonly string[];

  constructor(subjects: readonly string[]) {
    super('a transaction claims subjects that it does not hold');
    this.name = 'SubjectsMissing';
    this.subjects = subjects;
  }
}

/** The connection was lost while the commit was under way, or the commit was given up: it may have been done, or not. */
export class OutcomeUnknown extends StoreFailure {
  constructor(cause: unknown) {
    super('the database gave no answer to the commit: nobody knows whether it was done', cause);
    this.name = 'OutcomeUnknown';
  }
}

/**
 * Runs calls of identical subjects in one transaction, each in a savepoint of its own where there are several: one that
 * fails leaves its neighbours alone. What it returns is committed.
 *
 * @throws OutcomeUnknown; any other error means that nothing was done
 */
export async function runBatch(
  connection: Connection,
  transaction: Transaction,
  calls: readonly BatchCall[],
  options: Pick<PostgresOptions, 'statement'>,
): Promise<CallResult[]> {
  const { subjects = [] } = calls[0] ?? {};
  const isShared = calls.length > 1;
  const begin = beginText(subjects, options);
  await connection.run(isShared ? `${begin}; SAVEPOINT call` : begin);
  const results: CallResult[] = [];
  for (const call of calls) {
    let result = await runCall(transaction, call);
    // A function that has looked away from an error of the database cannot keep what it did all the same.
    if (result.kind === 'done' && isShared) {
      result = await attempt(result, () => connection.run('RELEASE call; SAVEPOINT call'));
    }
    if (result.kind === 'failed' && isShared) await connection.run('ROLLBACK TO call');
    results.push(result);
  }
  if (results.every(({ kind }) => kind === 'failed')) {
    await connection.run('ROLLBACK');
    return results;
  }
  await commit(connection);
  return results;
}

async function commit(connection: Connection): Promise<void> {
  let answer: QueryResult;
  try {
    answer = await connection.run('COMMIT');
  } catch (error) {
    throw isConnectionLost(error) || isGivenUp(error) ? new OutcomeUnknown(error) : error;
  }
  // The answer to committing what an error has ended already.
  if (answer.command !== 'COMMIT') throw new StoreFailure('the database has undone the transaction');
}

async function attempt(result: CallResult, act: () => Promise<unknown>): Promise<CallResult> {
  try {
    await act();
    return result;
  } catch (error) {
    if (isConnectionLost(error)) throw error;
    return { kind: 'failed', error: new StoreFailure('the database has undone the transaction', error) };
  }
}

/** @throws what the connection was lost by */
async function runCall(transaction: Transaction, call: BatchCall): Promise<CallResult> {
  const scope = new CallScope({ ...transaction, claim: claimFor(call.subjects) }, () => true);
  try {
    const output = await settled(call.name, scope, () => call.run(scope.transaction, unpack(call.input)));
    if (scope.isBusy) throw new StoreFailure(`the transaction ${call.name} ended before its queries did`);
    return { kind: 'done', output: pack(output) };
  } catch (error) {
    if (isConnectionLost(error)) throw error;
    return { kind: 'failed', error };
  } finally {
    scope.end();
    await idle(scope);
  }
}

function claimFor(held: Subjects): Transaction['claim'] {
  return async (subjects) => {
    if (held === 'alone') return;
    const missing = subjects.filter((subject) => !held.includes(subject));
    if (missing.length > 0) throw new SubjectsMissing(missing);
  };
}

/**
 * What the function settles to. It may await nothing but its transaction: if the event loop turns while no query of its
 * own is under way, it waits for something else, and holds its locks meanwhile.
 */
function settled(name: string, scope: CallScope, run: () => Promise<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let isSettled = false;
    const watch = (): void => {
      setImmediate(() => {
        if (isSettled || scope.isBusy) return;
        reject(new StoreFailure(`the transaction ${name} waits for something that is no part of it`));
      });
    };
    scope.onIdle = watch;
    watch();
    run()
      .finally(() => (isSettled = true))
      .then(resolve, reject);
  });
}

async function idle(scope: CallScope): Promise<void> {
  while (scope.isBusy) await new Promise<void>((resolve) => (scope.onIdle = resolve));
}
