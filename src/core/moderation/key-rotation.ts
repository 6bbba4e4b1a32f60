import type { Clock, Timers } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Store } from '../store.ts';
import type { Transactions } from '../transactions.ts';

/** Messages sealed anew in one transaction: few, so that no request waits long behind it. */
const messagesAtOnce = 50;
/** Pause between two of them, so that requests come first. */
const pauseMilliseconds = 5;

/**
 * Makes new data keys, and seals older messages anew in the background until nothing hangs on the older keys. Goes on
 * by itself after a restart: what is left to do is in the store.
 */
export class KeyRotation {
  private readonly dependencies: {
    store: Store<Transactions>;
    clock: Clock;
    timers: Timers;
    logger: Logger;
  };
  private running: Promise<void> | null = null;
  private stopped = false;

  constructor(dependencies: { store: Store<Transactions>; clock: Clock; timers: Timers; logger: Logger }) {
    this.dependencies = dependencies;
  }

  /** Goes on where an earlier run was stopped. */
  start(): void {
    this.running ??= this.run().finally(() => (this.running = null));
  }

  /** Makes the next key; older messages follow in the background. Returns its version. */
  async rotate(actor: string): Promise<number> {
    const { store, clock } = this.dependencies;
    const version = await store.transact('rotateDataKey', { now: clock.now(), actor });
    // A run that has just found nothing more to do must not be the last one.
    await this.running?.catch(() => {});
    if (!this.stopped) this.start();
    return version;
  }

  /** Whether messages are being sealed anew. */
  get isRunning(): boolean {
    return this.running !== null;
  }

  /** Fulfilled when all messages hang on the newest key, or the rotation was stopped. */
  async settled(): Promise<void> {
    await this.running;
  }

  /** Stops after the step under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async run(): Promise<void> {
    const { store, clock, timers, logger } = this.dependencies;
    let sealed = 0;
    try {
      while (!this.stopped) {
        const step = await store.transact('reencryptMessages', { now: clock.now(), limit: messagesAtOnce });
        sealed += step;
        if (step === 0) break;
        await new Promise<void>((resolve) => timers.setTimeout(resolve, pauseMilliseconds));
      }
      if (sealed > 0) logger.info('messages were sealed anew', { messages: sealed, done: !this.stopped });
    } catch (error) {
      logger.error('messages could not be sealed anew', { error });
    }
  }
}
