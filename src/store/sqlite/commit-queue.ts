import { Worker } from 'node:worker_threads';
import { Refusal } from '../../core/errors.ts';
import { StoreFailure } from '../../core/store.ts';
import { StoreOpenError } from './open-error.ts';
import { type FromWriter, type Outcome, type ToWriter, errorOf, pack, unpack } from './thread-messages.ts';

interface Waiting {
  readonly name: string;
  readonly input: unknown;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface CommitQueueOptions {
  /** What the writer thread is started with. */
  readonly writer: { path: string; migrationsFolder: string; module: string; environment: unknown };
  /** Called when the writer thread ends on its own. */
  readonly onFatal: (error: Error) => void;
  /** Calls in one commit at most. Default 512 */
  readonly batch?: number;
  /** Calls that may wait; more are refused as `busy`. Default 20,000 */
  readonly waiting?: number;
}

/**
 * The main thread's end of the writer. One batch is under way at a time; what arrives meanwhile goes with the next,
 * so that a sync of the disk is shared by all who waited for it.
 */
export class CommitQueue {
  /** Commits so far, and calls that were in them. */
  readonly counts = { commits: 0, calls: 0 };
  private readonly options: CommitQueueOptions;
  private readonly worker: Worker;
  private readonly ready: Promise<void>;
  private waiting: Waiting[] = [];
  private underWay: Waiting[] | null = null;
  private closing: { promise: Promise<void>; finish: () => void } | null = null;
  private failure: Error | null = null;

  constructor(options: CommitQueueOptions) {
    this.options = options;
    this.worker = new Worker(new URL('./writer.js', import.meta.url), { workerData: options.writer });
    this.ready = new Promise((resolve, reject) => {
      this.worker.on('message', (message: FromWriter) => {
        if (message.kind === 'ready') resolve();
        else if (message.kind === 'cannot open') reject(new StoreOpenError(message.sentence));
        else if (message.kind === 'committed') this.settle(message.outcomes);
        else this.closing?.finish();
      });
      this.worker.on('error', (error) => {
        reject(error);
        this.fail(error);
      });
      this.worker.on('exit', () => this.fail(new Error('the writer thread ended')));
    });
  }

  /** Resolves when the database is open. @throws StoreOpenError */
  async opened(): Promise<void> {
    await this.ready;
  }

  /** Runs the named function; resolves after its commit. */
  call(name: string, input: unknown): Promise<unknown> {
    if (this.failure !== null || this.closing !== null) {
      return Promise.reject(this.failure ?? new StoreFailure('the store is closed'));
    }
    if (this.waiting.length >= (this.options.waiting ?? 20_000)) {
      return Promise.reject(new Refusal('busy', { retryAfter: 1 }));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ name, input: pack(input), resolve, reject });
      if (this.underWay === null) this.send();
    });
  }

  /** Commits what waits, checkpoints and ends the thread. */
  async close(): Promise<void> {
    if (this.closing === null) {
      let finish = (): void => {};
      const promise = new Promise<void>((resolve) => (finish = resolve));
      this.closing = { promise, finish };
      if (this.failure !== null) finish();
      else if (this.underWay === null) this.tell({ kind: 'close' });
    }
    await this.closing.promise;
  }

  private send(): void {
    const batch = this.waiting.splice(0, this.options.batch ?? 512);
    this.underWay = batch;
    this.tell({ kind: 'batch', calls: batch.map(({ name, input }) => ({ name, input })) });
  }

  private settle(outcomes: readonly Outcome[]): void {
    const batch = this.underWay ?? [];
    this.underWay = null;
    this.counts.commits += 1;
    this.counts.calls += batch.length;
    if (this.waiting.length > 0) this.send();
    else if (this.closing !== null) this.tell({ kind: 'close' });
    for (const [at, { name, resolve, reject }] of batch.entries()) {
      const outcome = outcomes[at];
      if (outcome === undefined) reject(new StoreFailure(`the transaction ${name} got no answer`));
      else if (outcome.kind === 'done') resolve(unpack(outcome.output));
      else reject(errorOf(outcome, name));
    }
  }

  private tell(message: ToWriter): void {
    this.worker.postMessage(message);
  }

  private fail(error: Error): void {
    if (this.failure !== null) return;
    this.failure = new StoreFailure('the writer thread has ended', error);
    const expected = this.closing !== null;
    for (const { reject } of [...(this.underWay ?? []), ...this.waiting]) reject(this.failure);
    this.underWay = null;
    this.waiting = [];
    this.closing?.finish();
    if (!expected) this.options.onFatal(error);
  }
}
