import { AheadReader } from './ahead-reader.ts';
import type { StreamBody } from './http.ts';
import { LetterlockError } from './errors.ts';
import { ServerSentEvents } from './server-sent-events.ts';
import type { Session } from './session.ts';
import { withTimeout, abortable } from './waiting.ts';

/**
 * One open stream of events, each opened under the key with which the stream was asked for (PROTOCOL.md §6).
 *
 * Who is slow in asking for the next event has up to a mebibyte of them wait here. Then the stream breaks; what they
 * missed is in the history.
 */
export class EventStream {
  private readonly body: StreamBody;
  private readonly reader: AheadReader;
  private readonly session: Session;
  private readonly re: number;
  private readonly onLife: () => void;
  private readonly parser = new ServerSentEvents();
  private readonly ready: string[] = [];
  private n = 0;

  /**
   * @param origin the session, and the number of the request, that the stream answers
   * @param onLife called when anything arrives
   */
  constructor(body: StreamBody, origin: { session: Session; re: number }, onLife: () => void) {
    this.body = body;
    this.reader = new AheadReader(body);
    this.session = origin.session;
    this.re = origin.re;
    this.onLife = onLife;
  }

  /**
   * The next event; null when the server has ended the stream.
   *
   * @param silenceMilliseconds after which a stream on which nothing arrives counts as broken
   * @throws LetterlockError `answer_rejected` for anything but the event that is due, `unreachable` when the connection
   *   breaks; the signal's reason
   */
  async next(silenceMilliseconds: number, signal: AbortSignal): Promise<Record<string, unknown> | null> {
    for (;;) {
      signal.throwIfAborted();
      const token = this.ready.shift();
      if (token !== undefined) {
        this.n += 1;
        return this.session.openEvent(token, this.re, this.n);
      }
      const bytes = await this.read(silenceMilliseconds, signal);
      if (bytes === null) return null;
      this.onLife();
      this.ready.push(...this.parser.feed(bytes));
    }
  }

  /** After how many milliseconds the server wants to be asked again. */
  get returnAfter(): number {
    return this.parser.retry ?? 0;
  }

  /** Breaks the connection. */
  close(): void {
    this.body.close();
  }

  private async read(silenceMilliseconds: number, signal: AbortSignal): Promise<Uint8Array | null> {
    try {
      return await withTimeout(silenceMilliseconds, signal, (limit) => abortable(this.reader.read(), limit));
    } catch (error) {
      signal.throwIfAborted();
      throw new LetterlockError('unreachable', { detail: 'the stream of events broke' }, error);
    }
  }
}
