import { LetterlockError } from './errors.ts';

/** Longest line, and most data of one event, in characters. */
export const maxEventLength = 1024 * 1024;

/**
 * Reads server-sent events out of bytes that may be split anywhere (HTML Living Standard §9.2.6). Of their fields only
 * `data` and `retry` count.
 */
export class ServerSentEvents {
  private readonly decoder = new TextDecoder();
  private readonly maxLength: number;
  private line = '';
  private data: string | null = null;
  /** After how many milliseconds the server wants to be asked again, should the stream end; null where it has not said. */
  retry: number | null = null;
  /** A line feed right after a carriage return belongs to it, also in the next piece. */
  private endedByReturn = false;

  constructor(maxLength = maxEventLength) {
    this.maxLength = maxLength;
  }

  /** The data of every event that the bytes complete. @throws LetterlockError `answer_rejected` for what is too long */
  feed(bytes: Uint8Array): string[] {
    const piece = this.decoder.decode(bytes, { stream: true });
    if (piece === '') return [];
    const text = this.endedByReturn && piece.startsWith('\n') ? piece.slice(1) : piece;
    this.endedByReturn = piece.endsWith('\r');
    const events: string[] = [];
    let from = 0;
    for (const end of text.matchAll(/\r\n?|\n/g)) {
      this.append(text.slice(from, end.index));
      this.endLine(events);
      from = end.index + end[0].length;
    }
    this.append(text.slice(from));
    return events;
  }

  private append(text: string): void {
    this.line += text;
    if (this.line.length > this.maxLength) throw tooLong();
  }

  private endLine(events: string[]): void {
    const { line } = this;
    this.line = '';
    if (line === '') {
      if (this.data !== null) events.push(this.data);
      this.data = null;
      return;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'retry' && /^\d{1,9}$/.test(value)) this.retry = Number(value);
    if (field !== 'data') return;
    this.data = this.data === null ? value : `${this.data}\n${value}`;
    if (this.data.length > this.maxLength) throw tooLong();
  }
}

function tooLong(): LetterlockError {
  return new LetterlockError('answer_rejected', { detail: 'an event is longer than any the server sends' });
}
