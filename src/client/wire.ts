import { EventStream } from './event-stream.ts';
import { type JsonAnswer, type Platform, exchange, requestStream } from './http.ts';
import { clearCodesOfHandshake, clearCodesOfSealed, clearFailure, sealedFailure } from './problems.ts';
import type { Session } from './session.ts';

/** One request as it goes out. */
export interface SealedRequest {
  readonly path: string;
  readonly fields: object;
  readonly idem: string | null;
  readonly signal?: AbortSignal | undefined;
  /** Less than the client's own. */
  readonly timeoutMilliseconds?: number | undefined;
}

/** Sends a request once and says what came of it. */
export class Wire {
  readonly platform: Platform;
  private readonly url: string;
  private readonly timeoutMilliseconds: number;

  constructor(options: { url: string; platform: Platform; timeoutMilliseconds: number }) {
    this.url = options.url;
    this.platform = options.platform;
    this.timeoutMilliseconds = options.timeoutMilliseconds;
  }

  /** A sealed request (PROTOCOL.md §2, §3): what its answer holds. @throws LetterlockError */
  async sealed(session: Session, request: SealedRequest): Promise<Record<string, unknown>> {
    const { path, fields, idem, signal, timeoutMilliseconds } = request;
    const seq = session.nextSeq();
    const body = await session.seal(path, seq, idem, fields);
    const answer = await this.exchange(path, body, signal, timeoutMilliseconds);
    const payload = payloadOf(answer.body);
    if (payload === null) throw clearFailure(answer, clearCodesOfSealed);
    const opened = await session.open(payload, seq, answer.status);
    if (answer.status === 200) return opened;
    throw sealedFailure(opened, answer);
  }

  /**
   * A sealed request for a stream of events (PROTOCOL.md §6).
   *
   * @param onLife called when anything arrives in it
   * @throws LetterlockError
   */
  async events(session: Session, request: SealedRequest, onLife: () => void): Promise<EventStream> {
    const { path, fields, signal } = request;
    const seq = session.nextSeq();
    const body = await session.seal(path, seq, null, fields);
    const answer = await requestStream(this.platform, this.url + path, body, {
      timeoutMilliseconds: this.timeoutMilliseconds,
      signal,
    });
    if ('stream' in answer) return new EventStream(answer, { session, re: seq }, onLife);
    const payload = payloadOf(answer.body);
    if (payload === null) throw clearFailure(answer, clearCodesOfSealed);
    throw sealedFailure(await session.open(payload, seq, answer.status), answer);
  }

  /** What a request in the clear is answered. @param body null asks with GET @throws LetterlockError */
  async clear(path: string, body: object | null, signal: AbortSignal | undefined): Promise<unknown> {
    const answer = await this.exchange(path, body === null ? null : JSON.stringify(body), signal);
    if (answer.status === 200) return answer.body;
    throw clearFailure(answer, clearCodesOfHandshake);
  }

  private exchange(
    path: string,
    body: string | null,
    signal: AbortSignal | undefined,
    atMost = this.timeoutMilliseconds,
  ): Promise<JsonAnswer> {
    const timeoutMilliseconds = Math.min(atMost, this.timeoutMilliseconds);
    return exchange(this.platform, this.url + path, body, { timeoutMilliseconds, signal });
  }
}

function payloadOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('payload' in body)) return null;
  return typeof body.payload === 'string' ? body.payload : null;
}
