import { Refusal } from './errors.ts';

/**
 * Lets a few tasks run at once and a bounded number wait, in order. What comes on top of that is refused early,
 * rather than answered late.
 */
export class BoundedQueue {
  private readonly concurrency: number;
  private readonly waitingLimit: number;
  private readonly waiting: (() => void)[] = [];
  private running = 0;

  constructor(options: { concurrency: number; waiting: number }) {
    this.concurrency = options.concurrency;
    this.waitingLimit = options.waiting;
  }

  /** Tasks that run and that wait, for metrics. */
  get depth(): { running: number; waiting: number } {
    return { running: this.running, waiting: this.waiting.length };
  }

  /** What the task comes to, once there is room for it. @throws Refusal `busy` when too many wait already */
  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    if (this.running >= this.concurrency) {
      if (this.waiting.length >= this.waitingLimit) throw new Refusal('busy', { retryAfter: 1 });
      // Whoever leaves hands over its place, so that nobody slips in between.
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else {
      this.running += 1;
    }
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }
}
