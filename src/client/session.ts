import { toText } from './bytes.ts';
import { parseCompactJwe, sealCompactJwe } from './compact-jwe.ts';
import type { ContentKey } from './content-encryption.ts';
import { LetterlockError } from './errors.ts';

/** A session of the sealed API, by one of its keys. */
export class Session {
  /** The public name of the session key. */
  readonly id: string;
  readonly key: ContentKey;
  /** Milliseconds since 1970. */
  readonly openedAt: number;
  /** Whether a user is logged in. */
  loggedIn: boolean;
  /** Set by an answer that asks for a new key. */
  rotationAsked = false;
  private lastSeq = 0;

  constructor(id: string, key: ContentKey, openedAt: number, loggedIn: boolean) {
    this.id = id;
    this.key = key;
    this.openedAt = openedAt;
    this.loggedIn = loggedIn;
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

  /** The body of a sealed request. */
  async seal(path: string, seq: number, idem: string | null, fields: unknown): Promise<string> {
    const header = { alg: 'dir', enc: this.key.enc, seq, htu: path };
    const withIdem = idem === null ? header : { ...header, idem };
    const payload = await sealCompactJwe(this.key, withIdem, '', JSON.stringify(fields));
    return JSON.stringify({ session_key: this.id, payload });
  }

  /**
   * What an answer holds (PROTOCOL.md §3).
   *
   * @throws LetterlockError `answer_rejected` when it does not open, or is the answer to something else
   */
  async open(payload: string, seq: number, status: number): Promise<unknown> {
    const jwe = parseCompactJwe(payload);
    if (
      jwe === null ||
      jwe.header['alg'] !== 'dir' ||
      jwe.header['enc'] !== this.key.enc ||
      jwe.encryptedKey.length > 0
    ) {
      throw new LetterlockError('answer_rejected');
    }
    const plaintext = await this.key.open(jwe.associatedData, jwe.iv, jwe.ciphertext, jwe.tag);
    if (plaintext === null || jwe.header['re'] !== seq || jwe.header['status'] !== status) {
      throw new LetterlockError('answer_rejected');
    }
    if (jwe.header['rot'] === true) this.rotationAsked = true;
    return JSON.parse(toText(plaintext));
  }
}
