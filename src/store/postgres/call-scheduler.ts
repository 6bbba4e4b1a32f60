import type { Subjects } from '../../core/transaction-subjects.ts';

/** What is scheduled: anything that must not run beside others with one of its subjects. */
export interface Scheduled {
  readonly subjects: Subjects;
}

interface Batch<Call> {
  readonly key: string;
  /** Null: runs alone. */
  readonly subjects: readonly string[] | null;
  readonly calls: Call[];
  /** Of how many of its subjects another batch has its turn first. */
  blockers: number;
}

export interface CallSchedulerOptions<Call> {
  /** Runs calls of identical subjects in one transaction. It never rejects. */
  readonly run: (calls: readonly Call[]) => Promise<void>;
  /** Batches at once: as many as there are connections. */
  readonly concurrency: number;
  /** Calls in one batch at most. */
  readonly batch: number;
}

/**
 * Decides what runs when on this node. A call waits here, and not in the database with a connection in its hand, for
 * another of this node with one of its subjects: so a room where everybody talks holds one connection. Who came first
 * has its turn first, subject by subject. Calls that wait with identical subjects share a transaction.
 */
export class CallScheduler<Call extends Scheduled> {
  private readonly options: CallSchedulerOptions<Call>;
  /** For each subject the batch that has its turn, and those behind it. */
  private readonly queues = new Map<string, Batch<Call>[]>();
  /** Batches that nobody has joined for the last time, by key. */
  private readonly joinable = new Map<string, Batch<Call>>();
  private readonly ready: Batch<Call>[] = [];
  /** Once something has to run alone, all that comes after it waits here. */
  private behind: Call[] = [];
  private alone: Batch<Call> | null = null;
  private ordinary = 0;
  private runningBatches = 0;
  private runningCalls = 0;
  private waitingCalls = 0;
  private isHeld = false;

  constructor(options: CallSchedulerOptions<Call>) {
    this.options = options;
  }

  /** Calls that run, and that wait for their turn. */
  get depth(): { running: number; waiting: number } {
    return { running: this.runningCalls, waiting: this.waitingCalls };
  }

  add(call: Call): void {
    this.waitingCalls += 1;
    this.admit(call);
    this.start();
  }

  /** While it is held nothing starts. */
  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
    this.start();
  }

  /** Takes out what waits and fulfils the condition. */
  take(condition: (call: Call) => boolean): Call[] {
    const taken: Call[] = [];
    const filter = (calls: Call[]): Call[] =>
      calls.filter((call) => {
        if (!condition(call)) return true;
        taken.push(call);
        return false;
      });
    this.behind = filter(this.behind);
    // A batch that has lost all its calls still has its turn: it passes without a transaction.
    const batches = new Set([...this.ready, ...[...this.queues.values()].flat()]);
    if (this.alone !== null) batches.add(this.alone);
    for (const batch of batches) batch.calls.splice(0, Infinity, ...filter(batch.calls));
    this.waitingCalls -= taken.length;
    return taken;
  }

  private admit(call: Call): void {
    if (this.alone !== null) {
      this.behind.push(call);
      return;
    }
    if (call.subjects === 'alone') {
      this.alone = { key: 'alone', subjects: null, calls: [call], blockers: 0 };
      // Nobody joins what came before.
      this.joinable.clear();
      if (this.ordinary === 0) this.ready.push(this.alone);
      return;
    }
    const subjects = [...new Set(call.subjects)].sort();
    const key = subjects.join('\n');
    const batch = this.joinable.get(key);
    if (batch !== undefined && batch.calls.length < this.options.batch && this.isLast(batch)) {
      batch.calls.push(call);
      return;
    }
    this.queue({ key, subjects, calls: [call], blockers: 0 }, subjects);
  }

  private queue(batch: Batch<Call>, subjects: readonly string[]): void {
    for (const subject of subjects) {
      const queue = this.queues.get(subject);
      if (queue === undefined) this.queues.set(subject, [batch]);
      else {
        queue.push(batch);
        batch.blockers += 1;
      }
    }
    this.ordinary += 1;
    this.joinable.set(batch.key, batch);
    if (batch.blockers === 0) this.ready.push(batch);
  }

  /** Whether nobody waits behind it, whom joining it would pass. */
  private isLast(batch: Batch<Call>): boolean {
    return (batch.subjects ?? []).every((subject) => this.queues.get(subject)?.at(-1) === batch);
  }

  private start(): void {
    while (!this.isHeld && this.runningBatches < this.options.concurrency) {
      const batch = this.ready.shift();
      if (batch === undefined) return;
      if (this.joinable.get(batch.key) === batch) this.joinable.delete(batch.key);
      // What runs is no longer what waits: a list of its own, that `take` does not see.
      const calls = batch.calls.splice(0);
      this.runningBatches += 1;
      this.runningCalls += calls.length;
      this.waitingCalls -= calls.length;
      const running = calls.length === 0 ? Promise.resolve() : this.options.run(calls);
      void running.finally(() => {
        this.runningBatches -= 1;
        this.runningCalls -= calls.length;
        this.finish(batch);
        this.start();
      });
    }
  }

  private finish(batch: Batch<Call>): void {
    if (batch.subjects === null) {
      this.alone = null;
      for (const call of this.behind.splice(0)) this.admit(call);
      return;
    }
    for (const subject of batch.subjects) {
      const queue = this.queues.get(subject) ?? [];
      queue.shift();
      const [next] = queue;
      if (next === undefined) this.queues.delete(subject);
      else if (--next.blockers === 0) this.ready.push(next);
    }
    this.ordinary -= 1;
    if (this.ordinary === 0 && this.alone !== null) this.ready.push(this.alone);
  }
}
