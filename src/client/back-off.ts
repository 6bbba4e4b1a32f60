import { LetterlockError } from './errors.ts';
import type { Platform } from './http.ts';

/** A stream that lived for so long was a good one. */
const goodAfterMilliseconds = 30_000;
const [firstMilliseconds, longestMilliseconds] = [500, 30_000];

/** How long to wait before a stream is opened again: not at all the first time, then longer and longer. */
export class BackOff {
  private readonly platform: Platform;
  private failures = 0;
  private openedAt: number | null = null;
  private returnAfter = 0;

  constructor(platform: Platform) {
    this.platform = platform;
  }

  /** The stream is open. */
  opened(): void {
    this.openedAt = this.platform.now();
  }

  /** The server has ended the stream in order, and said when it, or another in its place, can be asked again. */
  ended(returnAfterMilliseconds: number): void {
    this.returnAfter = Math.min(longestMilliseconds, returnAfterMilliseconds);
  }

  /** Waits. @param error why there is no stream any more; null when the server ended it in order */
  async pause(error: unknown, signal: AbortSignal): Promise<void> {
    const { openedAt, platform } = this;
    this.openedAt = null;
    if (openedAt !== null && platform.now() - openedAt >= goodAfterMilliseconds) this.failures = 0;
    const most =
      this.failures === 0 ? 0 : Math.min(longestMilliseconds, firstMilliseconds * 2 ** this.failures);
    const asked = error instanceof LetterlockError ? (error.retryAfter ?? 0) * 1000 : 0;
    const { returnAfter } = this;
    this.returnAfter = 0;
    this.failures += 1;
    // Full jitter: clients that were cut off together do not come back together.
    const wait = Math.max(asked, returnAfter) + platform.random() * most;
    if (wait > 0) await platform.sleep(wait, signal);
  }
}
