const tickMilliseconds = 250;
/** Ticks without an answer after which the database is asked over another connection whether it is there. */
const lookTicks = 4;
/** Ticks without an answer after which it is not, where it is not there over another connection either. */
const silentTicks = 8;

interface SilenceWatchOptions {
  /** Whether somebody waits for an answer. */
  readonly isWaitedFor: () => boolean;
  /** Whether the database answers over another connection. */
  readonly look: () => Promise<boolean>;
  readonly onSilent: () => void;
}

/**
 * Notices that a database says nothing any more, as behind a network that loses all it is given: no connection is refused
 * or ends then. While answers come in, or nobody waits for any, it asks nothing. What is only slow, or locked, is not
 * silent: the other connection is answered.
 *
 * Time is counted in ticks of the event loop. Where the process itself stood still, there may be answers that it has not
 * read yet.
 */
export class SilenceWatch {
  private readonly options: SilenceWatchOptions;
  private timer: NodeJS.Timeout | undefined;
  /** Since the last answer. */
  private ticks = 0;
  private isLooking = false;

  constructor(options: SilenceWatchOptions) {
    this.options = options;
  }

  /** Somebody is about to wait for an answer. */
  start(): void {
    this.timer ??= setInterval(() => this.tick(), tickMilliseconds).unref();
  }

  /** The database has said something. */
  heard(): void {
    this.ticks = 0;
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.ticks = 0;
  }

  private tick(): void {
    if (!this.options.isWaitedFor()) {
      this.stop();
      return;
    }
    this.ticks += 1;
    if (this.ticks >= lookTicks && !this.isLooking) void this.look();
  }

  private async look(): Promise<void> {
    this.isLooking = true;
    const isThere = await this.options.look();
    this.isLooking = false;
    if (isThere) this.heard();
    if (this.ticks < silentTicks) return;
    this.ticks = 0;
    this.options.onSilent();
  }
}
