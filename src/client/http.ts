import { LetterlockError } from './errors.ts';
import { sleep, withTimeout } from './waiting.ts';

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
    sleep,
  };
}

/** An answer whose body is JSON. */
export interface JsonAnswer {
  readonly status: number;
  readonly body: unknown;
  /** Seconds to wait, from the header `Retry-After`. */
  readonly retryAfter: number | null;
}

/**
 * One exchange over HTTP.
 *
 * @throws LetterlockError `unreachable` when there is no answer, or none of JSON; the signal's reason
 */
export async function exchange(
  platform: Platform,
  url: string,
  body: string | null,
  options: { timeoutMilliseconds: number; signal: AbortSignal | undefined },
): Promise<JsonAnswer> {
  const details: { status?: number; retryAfter?: number } = {};
  try {
    return await withTimeout(options.timeoutMilliseconds, options.signal, async (signal) => {
      const response = await platform.fetch(url, {
        method: body === null ? 'GET' : 'POST',
        signal,
        ...(body === null ? {} : { body, headers: { 'Content-Type': 'application/json' } }),
      });
      const retryAfter = readRetryAfter(response.headers.get('Retry-After'), platform.now());
      details.status = response.status;
      if (retryAfter !== null) details.retryAfter = retryAfter;
      return { status: response.status, body: (await response.json()) as unknown, retryAfter };
    });
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new LetterlockError('unreachable', { ...details, detail: 'the server did not answer' }, error);
  }
}

/** A body that keeps coming, and what ends it. */
export interface StreamBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly close: () => void;
}

/**
 * Asks for a stream of server-sent events.
 *
 * @param options.timeoutMilliseconds for the head of the answer; the stream itself may last
 * @returns the stream, or the answer that came in its place
 * @throws LetterlockError `unreachable` when there is no answer; the signal's reason
 */
export async function requestStream(
  platform: Platform,
  url: string,
  body: string,
  options: { timeoutMilliseconds: number; signal: AbortSignal | undefined },
): Promise<StreamBody | JsonAnswer> {
  const details: { status?: number; retryAfter?: number } = {};
  const life = new AbortController();
  const close = (): void => life.abort();
  try {
    return await withTimeout(options.timeoutMilliseconds, options.signal, async (head) => {
      head.addEventListener('abort', close);
      const response = await platform.fetch(url, {
        method: 'POST',
        signal: life.signal,
        body,
        headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
      });
      const retryAfter = readRetryAfter(response.headers.get('Retry-After'), platform.now());
      details.status = response.status;
      if (retryAfter !== null) details.retryAfter = retryAfter;
      const type = response.headers.get('Content-Type') ?? '';
      if (response.status === 200 && type.startsWith('text/event-stream') && response.body !== null) {
        head.removeEventListener('abort', close);
        return { stream: response.body, close };
      }
      return { status: response.status, body: (await response.json()) as unknown, retryAfter };
    });
  } catch (error) {
    close();
    options.signal?.throwIfAborted();
    throw new LetterlockError('unreachable', { ...details, detail: 'the server did not answer' }, error);
  }
}

/** Seconds from a `Retry-After` header, which holds them or an HTTP date (RFC 9110 §10.2.3). */
function readRetryAfter(value: string | null, now: number): number | null {
  if (value === null) return null;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const at = value.endsWith('GMT') ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - now) / 1000));
}
