import { LetterlockError } from './errors.ts';
import type { Platform } from './http.ts';

/** A server that asks for a longer pause is not waited for. */
const longestWaitSeconds = 30;

/**
 * Whether what failed so may be tried again, and after how many seconds at least; null where it may not.
 *
 * After `session_unknown` it takes another session, after `replayed` another number.
 */
export function retryDelay(error: unknown): number | null {
  if (!(error instanceof LetterlockError)) return null;
  switch (error.code) {
    case 'session_unknown':
    case 'replayed':
      return 0;
    case 'unreachable':
    case 'request_timeout':
      return error.retryAfter ?? 0;
    case 'rate_limited':
    case 'busy':
      return error.retryAfter ?? 1;
    default:
      return null;
  }
}

/** Waits until the next attempt makes sense. @throws the error itself where there is to be none */
export async function pauseBeforeRetry(
  error: unknown,
  attempt: number,
  limits: {
    readonly attempts: number;
    readonly platform: Platform;
    readonly signal: AbortSignal | undefined;
  },
): Promise<void> {
  const seconds = retryDelay(error);
  if (seconds === null || seconds > longestWaitSeconds || attempt >= limits.attempts) throw error;
  const { code } = error as LetterlockError;
  if (code === 'session_unknown' || code === 'replayed') return;
  const { random, sleep } = limits.platform;
  // Full jitter on top of what was asked for: clients that were cut off together do not come back together.
  await sleep(seconds * 1000 + random() * Math.min(10_000, 200 * 2 ** attempt), limits.signal);
}
