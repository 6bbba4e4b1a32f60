import type { Timers } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { SessionRefresh } from './session-refresh.ts';

/** With what a session may be behind, what ended elsewhere ends here within two seconds. */
const pauseMilliseconds = 400;

/** Looks again and again at the sessions that connections are open for. Does nothing where there are no other nodes. */
export class RecheckLoop {
  private readonly refresh: SessionRefresh | null;
  private readonly timers: Timers;
  private readonly logger: Logger;
  private cancel = (): void => {};
  private running: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(options: { refresh: SessionRefresh | null; timers: Timers; logger: Logger }) {
    this.refresh = options.refresh;
    this.timers = options.timers;
    this.logger = options.logger;
  }

  start(): void {
    if (this.refresh === null) return;
    this.cancel = this.timers.setTimeout(() => {
      this.running = this.now()
        .catch((error: unknown) => this.logger.warn('looking at the open sessions again failed', { error }))
        .finally(() => {
          if (!this.isStopped) this.start();
        });
    }, pauseMilliseconds);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.cancel();
    await this.running;
  }

  /** One round, for who was told that something changed. */
  async now(): Promise<void> {
    await this.refresh?.recheck();
  }
}
