import type { Timers } from '../clock.ts';
import { Refusal } from '../errors.ts';
import type { Logger } from '../logger.ts';

export interface PeriodicOptions {
  readonly name: string;
  readonly milliseconds: number;
  readonly work: () => Promise<void>;
  readonly timers: Timers;
  /** 0 up to 1, so that nodes do not do it all at once. */
  readonly random: () => number;
  readonly logger: Logger;
}

/** Does something again and again, one after the other, about so often. */
export class Periodic {
  private readonly options: PeriodicOptions;
  private cancel = (): void => {};
  private running: Promise<void> | null = null;
  private isWanted = false;
  private isStopped = false;

  constructor(options: PeriodicOptions) {
    this.options = options;
  }

  start(): void {
    this.schedule();
  }

  /** Does it now, or once more where it is being done. Fulfilled when it is done. */
  async now(): Promise<void> {
    this.isWanted = true;
    this.cancel();
    this.running ??= this.run();
    await this.running;
  }

  /** Fulfilled when what was being done is. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.cancel();
    await this.running;
  }

  private async run(): Promise<void> {
    const { work, name, logger } = this.options;
    while (this.isWanted && !this.isStopped) {
      this.isWanted = false;
      try {
        await work();
      } catch (error) {
        // Whatever is away is asked again the next time.
        if (error instanceof Refusal) logger.warn('what is done again and again waits', { work: name });
        else logger.error('what is done again and again could not be done', { work: name, error });
      }
    }
    this.running = null;
    this.schedule();
  }

  private schedule(): void {
    if (this.isStopped) return;
    const { milliseconds, random, timers } = this.options;
    this.cancel = timers.setTimeout(() => void this.now(), milliseconds * (0.8 + random() * 0.4));
  }
}
