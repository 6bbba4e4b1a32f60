import { LetterlockError, readProblem } from './errors.ts';

/** What the platform gives, as an argument, so that tests can move time and lose answers. */
export interface Platform {
  readonly fetch: typeof fetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** 0 up to 1. */
  readonly random: () => number;
  readonly sleep: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
}

/** The platform's own. */
export function ownPlatform(): Platform {
  return {
    fetch: (...request) => fetch(...request),
    now: () => Date.now(),
    random: () => Math.random(),
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, milliseconds);
        signal?.addEventListener('abort', () => {
          clearTimeout(timer);
          reject(signal.reason as Error);
        });
      }),
  };
}

/** An answer whose body is JSON. */
export interface JsonAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * One exchange over HTTP.
 *
 * @throws LetterlockError `unreachable` when there is no answer, or none of this protocol
 */
export async function exchange(
  platform: Platform,
  url: string,
  body: string | null,
  options: { timeoutMilliseconds: number; signal: AbortSignal | undefined },
): Promise<JsonAnswer> {
  const timeout = AbortSignal.timeout(options.timeoutMilliseconds);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  try {
    const response = await platform.fetch(url, {
      method: body === null ? 'GET' : 'POST',
      signal,
      ...(body === null ? {} : { body, headers: { 'Content-Type': 'application/json' } }),
    });
    return { status: response.status, body: await response.json() };
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new LetterlockError('unreachable', { detail: 'the server did not answer' }, error);
  }
}

/** The body of a successful answer. @throws LetterlockError by the problem's code */
export function successful({ status, body }: JsonAnswer): unknown {
  if (status === 200) return body;
  throw readProblem(body, status) ?? new LetterlockError('unreachable', { status });
}
