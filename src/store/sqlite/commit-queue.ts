import { Worker } from 'node:worker_threads';
import { Refusal } from '../../core/errors.ts';
import { Distribution } from '../../core/distribution.ts';
import { StoreFailure } from '../../core/store.ts';
import { DatabaseTooNew, StoreOpenError } from '../open-error.ts';
import { errorOf } from '../outcome.ts';
import { pack, unpack } from '../packing.ts';
import { type Committed, type FromWriter, type ToWriter, type WriterOptions } from './thread-messages.ts';

interface Waiting {
  readonly name: string;
  readonly input: unknown;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface CommitQueueOptions {
  readonly writer: WriterOptions;
  /** Called when the writer thread ends on its own after it had opened the database. */
  readonly onFatal: (error: Error) => void;
  /** Calls in one commit at most. Default 512 */
  readonly batch?: number;
  /** Calls that may wait; more are refused as `busy`. Default 20,000 */
  readonly waiting?: number;
}

/** As far as the default batch. */
const powersOfTwo = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/**
 * The main thread's end of the writer. One batch is under way at a time; what arrives meanwhile goes with the next,
 * so that a sync of the disk is shared by all who waited for it.
 */
export class CommitQueue {
  /** Commits that reached the disk so far, and calls that were in them. */
  readonly counts = { commits: 0, calls: 0, callsOfCommit: new Distribution(powersOfTwo) };
  private readonly options: CommitQueueOptions;
  private readonly worker: Worker;
  private readonly opening: Promise<{ created: boolean }>;
  private readonly exited: Promise<void>;
  private isOpen = false;
  private isClosing = false;
  private isScheduled = false;
  private waiting: Waiting[] = [];
  private underWay: Waiting[] | null = null;
  private onIdle: (() => void)[] = [];
  private failure: Error | null = null;

  constructor(options: CommitQueueOptions) {
    this.options = options;
    this.worker = new Worker(new URL('./writer.js', import.meta.url), { workerData: options.writer });
    this.exited = new Promise((resolve) => {
      this.worker.on('exit', () => resolve());
    });
    this.opening = new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        reject(error);
        this.fail(error);
      };
      this.worker.on('message', (message: FromWriter) => {
        if (message.kind === 'committed') this.settle(message);
        else if (message.kind === 'ready') {
          this.isOpen = true;
          resolve({ created: message.created });
        } else {
          const { path } = options.writer;
          reject(message.isTooNew ? new DatabaseTooNew(path) : new StoreOpenError(message.sentence));
        }
      });
      this.worker.on('error', fail);
      this.worker.on('exit', () => fail(new Error('the writer thread ended')));
    });
  }

  /** Calls that are on their way to the disk, and that wait for those. */
  get depth(): { running: number; waiting: number } {
    return { running: this.underWay?.length ?? 0, waiting: this.waiting.length };
  }

  /** Resolves when the database is open. @throws StoreOpenError */
  async opened(): Promise<{ created: boolean }> {
    return this.opening;
  }

  /** Runs the named function; resolves after its commit. */
  call(name: string, input: unknown): Promise<unknown> {
    if (this.failure !== null || this.isClosing) {
      return Promise.reject(this.failure ?? new StoreFailure('the store is closed'));
    }
    if (this.waiting.length >= (this.options.waiting ?? 20_000)) {
      return Promise.reject(new Refusal('busy', { retryAfter: 1 }));
    }
    let packed: unknown;
    try {
      packed = pack(input);
    } catch (error) {
      return Promise.reject(new StoreFailure(`the input of the transaction ${name} cannot be sent`, error));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ name, input: packed, resolve, reject });
      this.schedule();
    });
  }

  /** Takes nothing more; resolves when what was handed in is settled. */
  async drain(): Promise<void> {
    this.isClosing = true;
    await new Promise<void>((resolve) => {
      this.onIdle.push(resolve);
      this.tellIfIdle();
    });
  }

  /** Checkpoints, closes the database and ends the thread. */
  async end(): Promise<void> {
    this.isClosing = true;
    this.tell({ kind: 'close' });
    await this.exited;
  }

  /** Sends what waits in a moment: whoever is about to write in this turn of the event loop comes along. */
  private schedule(): void {
    if (this.isScheduled || this.underWay !== null || this.waiting.length === 0) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      if (this.failure === null) this.send();
    });
  }

  private send(): void {
    const batch = this.waiting.splice(0, this.options.batch ?? 512);
    this.underWay = batch;
    this.tell({ kind: 'batch', calls: batch.map(({ name, input }) => ({ name, input })) });
  }

  private settle({ isDurable, outcomes }: Committed): void {
    const batch = this.underWay ?? [];
    this.underWay = null;
    if (isDurable) {
      this.counts.commits += 1;
      this.counts.calls += batch.length;
      this.counts.callsOfCommit.add(batch.length);
    }
    for (const [at, { name, resolve, reject }] of batch.entries()) {
      const outcome = outcomes[at];
      if (outcome === undefined) reject(new StoreFailure(`the transaction ${name} got no answer`));
      else if (outcome.kind === 'done') resolve(unpack(outcome.output));
      else reject(errorOf(outcome, name));
    }
    this.schedule();
    this.tellIfIdle();
  }

  private tell(message: ToWriter): void {
    this.worker.postMessage(message);
  }

  private tellIfIdle(): void {
    if (this.underWay !== null || this.waiting.length > 0) return;
    for (const resolve of this.onIdle.splice(0)) resolve();
  }

  private fail(error: Error): void {
    if (this.failure !== null) return;
    this.failure = new StoreFailure('the writer thread has ended', error);
    for (const { reject } of [...(this.underWay ?? []), ...this.waiting]) reject(this.failure);
    this.underWay = null;
    this.waiting = [];
    this.tellIfIdle();
    if (this.isOpen && !this.isClosing) this.options.onFatal(error);
  }
}
