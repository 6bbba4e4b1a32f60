import type pg from 'pg';
import { Distribution } from '../../core/distribution.ts';
import { Refusal } from '../../core/errors.ts';
import { StoreFailure, type Transaction, type TransactionFunctions } from '../../core/store.ts';
import type { Subjects } from '../../core/transaction-subjects.ts';
import { errorOf, outcomeOf } from '../outcome.ts';
import { pack, unpack } from '../packing.ts';
import { type Availability, databaseAway } from './availability.ts';
import { type BatchCall, type CallResult, OutcomeUnknown, SubjectsMissing, runBatch } from './batch.ts';
import { CallScheduler } from './call-scheduler.ts';
import type { ConnectionPool } from './connection-pool.ts';
import { Connection } from './connections.ts';
import { transactionOn } from './dialect.ts';
import { isConnectionLost, isContention, isGivenUp, isLockFailure } from './failures.ts';
import type { PostgresOptions } from './options.ts';

interface Waiting extends BatchCall {
  readonly subjects: Subjects;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: Error) => void;
  /** When it was handed in. */
  readonly since: number;
  /** How often it ran into others. */
  readonly collisions: number;
}

export interface CallQueueOptions {
  readonly functions: TransactionFunctions;
  /** What a call must not run beside. */
  readonly subjectsOf: (name: string, input: unknown) => Subjects;
  readonly pool: ConnectionPool;
  readonly postgres: PostgresOptions;
  readonly availability: Availability;
  /** Called when the server has said something. */
  readonly onAnswer: () => void;
  /** Calls in one transaction at most. Default 60: PostgreSQL remembers 64 savepoints in a fast place */
  readonly batch?: number | undefined;
  /** Calls that may wait; more are refused as `busy`. Default 20,000 */
  readonly waiting?: number | undefined;
}

/** How often a call is tried that others got in the way of. */
const attempts = 5;
const pauseMilliseconds = 10;
/** How often it is looked who has waited long enough. */
const sweepMilliseconds = 100;

const powersOfTwo = [1, 2, 4, 8, 16, 32, 64];

/** Takes calls of transaction functions, and settles each when what it did is committed, or certainly not done. */
export class CallQueue {
  /** Commits so far, and calls that were in them. */
  readonly counts = { commits: 0, calls: 0, callsOfCommit: new Distribution(powersOfTwo) };
  private readonly options: CallQueueOptions;
  private readonly scheduler: CallScheduler<Waiting>;
  private readonly transactions = new WeakMap<pg.ClientBase, Transaction>();
  private readonly pauses = new Set<NodeJS.Timeout>();
  private sweeping: NodeJS.Timeout | undefined;
  /** When the database last said something about calls. */
  private answeredAt = 0;
  private open = 0;
  private isClosing = false;
  private onIdle: (() => void)[] = [];

  constructor(options: CallQueueOptions) {
    this.options = options;
    this.scheduler = new CallScheduler({
      run: (calls) => this.run(calls),
      concurrency: options.postgres.writers,
      batch: options.batch ?? 60,
    });
  }

  /** Calls on their way to the database, and those that wait for their turn. */
  get depth(): { running: number; waiting: number } {
    const { running } = this.scheduler.depth;
    return { running, waiting: this.open - running };
  }

  /** Runs the named function; resolves after its commit. */
  call(name: string, input: unknown): Promise<unknown> {
    const { functions, subjectsOf, waiting = 20_000 } = this.options;
    const run = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (run === undefined) return Promise.reject(new StoreFailure(`there is no transaction ${name}`));
    if (this.isClosing) return Promise.reject(new StoreFailure('the store is closed'));
    if (this.depth.waiting >= waiting) return Promise.reject(new Refusal('busy', { retryAfter: 1 }));
    let packed: unknown;
    try {
      packed = pack(input);
    } catch (error) {
      return Promise.reject(new StoreFailure(`the input of the transaction ${name} cannot be sent`, error));
    }
    const subjects = subjectsOf(name, unpack(packed));
    return new Promise((resolve, reject) => {
      this.open += 1;
      this.sweeping ??= setInterval(() => this.sweep(), sweepMilliseconds);
      this.scheduler.add({
        name,
        run: run as BatchCall['run'],
        input: packed,
        subjects,
        resolve: this.closing(resolve),
        reject: this.closing(reject),
        since: performance.now(),
        collisions: 0,
      });
    });
  }

  /** Nothing starts while the database is away. */
  setAway(isAway: boolean): void {
    this.scheduler.hold(isAway);
  }

  /** Takes nothing more; resolves when what was handed in is settled. */
  async drain(): Promise<void> {
    this.isClosing = true;
    if (this.open > 0) await new Promise<void>((resolve) => this.onIdle.push(resolve));
    clearInterval(this.sweeping);
  }

  private closing<Value>(settle: (value: Value) => void): (value: Value) => void {
    return (value) => {
      this.open -= 1;
      settle(value);
      if (this.open === 0) for (const resolve of this.onIdle.splice(0)) resolve();
    };
  }

  private async run(calls: readonly Waiting[]): Promise<void> {
    let results: CallResult[];
    try {
      results = await this.runOnConnection(calls);
    } catch (error) {
      for (const call of calls) this.failed(call, error);
      return;
    }
    const done = results.filter(({ kind }) => kind === 'done').length;
    if (done > 0) {
      this.counts.commits += 1;
      this.counts.calls += done;
      this.counts.callsOfCommit.add(done);
    }
    for (const [at, call] of calls.entries()) {
      const result = results[at];
      if (result === undefined)
        this.failed(call, new StoreFailure(`the transaction ${call.name} got no answer`));
      else if (result.kind === 'done') call.resolve(unpack(result.output));
      else this.failed(call, result.error);
    }
  }

  private async runOnConnection(calls: readonly Waiting[]): Promise<CallResult[]> {
    const { pool, postgres, availability } = this.options;
    let client: pg.PoolClient;
    try {
      client = await pool.connect();
    } catch (error) {
      if (!(error instanceof Refusal)) availability.lost();
      throw error;
    }
    try {
      const connection = new Connection(client, postgres, () => this.answered());
      const results = await runBatch(connection, this.transactionOf(client, connection), calls, postgres);
      client.release();
      return results;
    } catch (error) {
      // Whatever state it is in: the server ends the transaction with it.
      client.release(true);
      throw error;
    }
  }

  private answered(): void {
    this.answeredAt = performance.now();
    this.options.onAnswer();
  }

  private transactionOf(client: pg.ClientBase, connection: Connection): Transaction {
    const known = this.transactions.get(client) ?? transactionOn(connection);
    this.transactions.set(client, known);
    return known;
  }

  /** Nothing of the call was done, unless nobody knows: it is tried again, or its caller is told. */
  private failed(call: Waiting, error: unknown): void {
    const { availability, postgres } = this.options;
    if (error instanceof SubjectsMissing) {
      const { subjects: held } = call;
      const more = held === 'alone' || call.collisions >= attempts ? 'alone' : [...held, ...error.subjects];
      this.scheduler.add({ ...call, subjects: more, collisions: call.collisions + 1 });
    } else if (error instanceof OutcomeUnknown) {
      call.reject(isClaimed(call) ? askAgain(error) : errorOf(outcomeOf(error), call.name));
    } else if (isConnectionLost(error)) {
      if (performance.now() - call.since >= postgres.patience) call.reject(databaseAway(error));
      else if (availability.isAway) this.scheduler.add(call);
      else this.addAfter(pauseMilliseconds * Math.random(), call);
    } else if (isContention(error) && call.collisions + 1 < attempts) {
      const collisions = call.collisions + 1;
      this.addAfter(pauseMilliseconds * 2 ** collisions * (0.5 + Math.random()), { ...call, collisions });
    } else if (isLockFailure(error) || isGivenUp(error)) {
      call.reject(new Refusal('busy', { retryAfter: 1 }, error));
    } else {
      call.reject(errorOf(outcomeOf(error), call.name));
    }
  }

  private addAfter(milliseconds: number, call: Waiting): void {
    const pause = setTimeout(() => {
      this.pauses.delete(pause);
      this.scheduler.add(call);
    }, milliseconds);
    this.pauses.add(pause);
  }

  /**
   * Refuses who has waited long enough for their turn: while the database is away, and while it answers none of those whose
   * turn it is. In a queue that moves on, everybody is served.
   */
  private sweep(): void {
    const { postgres, availability } = this.options;
    if (this.open === 0) {
      clearInterval(this.sweeping);
      this.sweeping = undefined;
      return;
    }
    const before = performance.now() - postgres.patience;
    if (!availability.isAway && this.answeredAt > before) return;
    for (const call of this.scheduler.take(({ since }) => since <= before))
      call.reject(availability.isAway ? databaseAway() : new Refusal('busy', { retryAfter: 1 }));
  }
}

/** Whether what it does is kept under an `idem`, so that nothing is done twice where it is asked for again. */
function isClaimed({ input }: Waiting): boolean {
  return typeof input === 'object' && input !== null && 'claim' in input && input.claim !== null;
}

function askAgain(cause: OutcomeUnknown): Refusal {
  const detail = 'It is not known whether it was done: asking again with the same idem tells';
  return new Refusal('busy', { retryAfter: 1, detail }, cause);
}
