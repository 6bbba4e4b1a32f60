import { type Bytes, toText } from './bytes.ts';
import { parseCompactJwe, sealCompactJwe } from './compact-jwe.ts';
import type { ContentKey } from './content-encryption.ts';
import { LetterlockError } from './errors.ts';

/** Somebody who logged in. */
export interface Login {
  /** Null where the server did not say. */
  readonly userId: string | null;
}

/** Whether both are the same user for certain, or both nobody. */
export function isSameUser(one: Login | null, other: Login | null): boolean {
  return one === other || (one !== null && one.userId !== null && one.userId === other?.userId);
}

/** A key seals 2^20 payloads (PROTOCOL.md §4); after so many events of one stream it is time for another. */
const rotateAfterEvents = 2 ** 19;

/** A session of the sealed API, by one of its keys. */
export class Session {
  /** The public name of the session key. */
  readonly id: string;
  readonly key: ContentKey;
  /** Milliseconds since 1970. */
  readonly openedAt: number;
  /** Who is logged in: the same for all keys of the session, as it is for the server. */
  readonly place: { login: Login | null };
  /** Set by an answer that asks for a new key. */
  rotationAsked = false;
  private lastSeq = 0;

  constructor(
    id: string,
    key: ContentKey,
    openedAt: number,
    place: { login: Login | null } = { login: null },
  ) {
    this.id = id;
    this.key = key;
    this.openedAt = openedAt;
    this.place = place;
  }

  /** Requests made under the key so far. */
  get requests(): number {
    return this.lastSeq;
  }

  /** A sequence number that was never used before (PROTOCOL.md §2). */
  nextSeq(): number {
    this.lastSeq += 1;
    return this.lastSeq;
  }

  /** The next numbers are at least this one: what a `replayed` answer asks for. */
  advanceTo(seq: number): void {
    this.lastSeq = Math.max(this.lastSeq, seq - 1);
  }

  /** The body of a sealed request. @throws LetterlockError `invalid_input` for fields that JSON cannot say */
  async seal(path: string, seq: number, idem: string | null, fields: unknown): Promise<string> {
    const header = { alg: 'dir', enc: this.key.enc, seq, htu: path };
    const withIdem = idem === null ? header : { ...header, idem };
    const payload = await sealCompactJwe(this.key, withIdem, '', toJson(fields));
    return JSON.stringify({ session_key: this.id, payload });
  }

  /**
   * What an answer holds (PROTOCOL.md §3).
   *
   * @throws LetterlockError `answer_rejected` when it does not open, or is the answer to something else
   */
  async open(payload: string, seq: number, status: number): Promise<Record<string, unknown>> {
    const { header, plaintext } = await this.openToken(payload);
    if (header['re'] !== seq || header['status'] !== status) throw new LetterlockError('answer_rejected');
    if (header['rot'] === true) this.rotationAsked = true;
    return readObject(plaintext);
  }

  /**
   * What an event holds (PROTOCOL.md §6).
   *
   * @param re the number of the request that the stream answers
   * @param n the event's number in it
   * @throws LetterlockError `answer_rejected` when it does not open, or is not the one that is due
   */
  async openEvent(token: string, re: number, n: number): Promise<Record<string, unknown>> {
    const { header, plaintext } = await this.openToken(token);
    if (header['re'] !== re || header['n'] !== n) throw new LetterlockError('answer_rejected');
    // An event takes from what the key may seal as an answer does.
    if (n >= rotateAfterEvents) this.rotationAsked = true;
    return readObject(plaintext);
  }

  private async openToken(
    token: string,
  ): Promise<{ header: Readonly<Record<string, unknown>>; plaintext: Bytes }> {
    const jwe = parseCompactJwe(token);
    if (
      jwe === null ||
      jwe.header['alg'] !== 'dir' ||
      jwe.header['enc'] !== this.key.enc ||
      jwe.encryptedKey.length > 0
    ) {
      throw new LetterlockError('answer_rejected');
    }
    const plaintext = await this.key.open(jwe.associatedData, jwe.iv, jwe.ciphertext, jwe.tag);
    if (plaintext === null) throw new LetterlockError('answer_rejected');
    return { header: jwe.header, plaintext };
  }
}

function toJson(fields: unknown): string {
  try {
    return JSON.stringify(fields);
  } catch (error) {
    throw new LetterlockError('invalid_input', { detail: 'the fields cannot be written as JSON' }, error);
  }
}

function readObject(plaintext: Bytes): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(toText(plaintext));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    throw new LetterlockError('answer_rejected', {}, error);
  }
  throw new LetterlockError('answer_rejected');
}
