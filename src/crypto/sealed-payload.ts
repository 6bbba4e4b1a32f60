import { type CompactJwe, formatCompactJwe, parseCompactJwe } from './compact-jwe.ts';
import { type ContentEncryption, contentEncryptions, isContentEncryption } from './content-encryption.ts';
import { parseJsonObject } from './json-object.ts';

/** The protected header of a sealed request (PROTOCOL.md §2). */
export interface RequestHeader {
  readonly enc: ContentEncryption;
  readonly seq: number;
  readonly htu: string;
  readonly idem?: string;
}

/** A request whose form and header are in order; nothing of it has been authenticated yet. */
export interface SealedRequest {
  readonly kind: 'sealed';
  readonly header: RequestHeader;
  readonly jwe: CompactJwe;
}

/** The protected header of a sealed answer (PROTOCOL.md §3). */
export interface AnswerHeader {
  readonly re: number;
  readonly status: number;
  /** Asks the client to rotate (PROTOCOL.md §4). */
  readonly rot?: true;
}

/** The protected header of an event (PROTOCOL.md §6). */
export interface EventHeader {
  readonly re: number;
  readonly n: number;
}

/**
 * Shape and header of a request, before any cryptography (PROTOCOL.md §2).
 *
 * @returns `malformed` for what is no compact form or whose header is no JSON object, `rejected` for a header that
 *   says anything it may not
 */
export function readSealedRequest(
  token: string,
): SealedRequest | { kind: 'malformed' } | { kind: 'rejected' } {
  const jwe = parseCompactJwe(token);
  if (jwe === null) return { kind: 'malformed' };
  const header = canonicalHeader(jwe.headerText) ?? anyHeader(jwe.headerText);
  if (header === null) return { kind: 'malformed' };
  if (header === 'rejected' || jwe.encryptedKey.length > 0) return { kind: 'rejected' };
  const { ivBytes, tagBytes } = contentEncryptions[header.enc];
  if (jwe.iv.length !== ivBytes || jwe.tag.length !== tagBytes) return { kind: 'rejected' };
  return { kind: 'sealed', header, jwe };
}

/** The plaintext of a request, or null when it does not open under the session's key and encryption. */
export function openSealedRequest(
  request: SealedRequest,
  enc: ContentEncryption,
  key: Buffer,
): Buffer | null {
  if (request.header.enc !== enc) return null;
  const { encodedHeader, iv, ciphertext, tag } = request.jwe;
  return contentEncryptions[enc].open(key, iv, Buffer.from(encodedHeader, 'latin1'), ciphertext, tag);
}

/** Seals an answer's plaintext. */
export function sealAnswer(
  enc: ContentEncryption,
  key: Buffer,
  header: AnswerHeader,
  plaintext: string,
): string {
  const rot = header.rot === true ? ',"rot":true' : '';
  return seal(
    enc,
    key,
    `{"alg":"dir","enc":"${enc}","re":${header.re},"status":${header.status}${rot}}`,
    plaintext,
  );
}

/**
 * Seals one event of a stream (PROTOCOL.md §6).
 *
 * @param re the sequence number of the request that opened the stream
 * @param n 1, 2, 3, …: a gap or a repeat shows
 */
export function sealEvent(
  enc: ContentEncryption,
  key: Buffer,
  { re, n }: EventHeader,
  plaintext: string,
): string {
  return seal(enc, key, `{"alg":"dir","enc":"${enc}","re":${re},"n":${n}}`, plaintext);
}

/** Opens an event, as a client does. Null when it does not open or its header is not an event's. */
export function openEvent(
  token: string,
  enc: ContentEncryption,
  key: Buffer,
): { header: EventHeader; plaintext: string } | null {
  const opened = openSealed(token, enc, key);
  if (opened === null) return null;
  const { re, n } = opened.header;
  if (typeof re !== 'number' || typeof n !== 'number') return null;
  return { header: { re, n }, plaintext: opened.plaintext };
}

/** Seals a request, as a client does. @param iv given only by tests and vectors */
export function sealRequest(
  enc: ContentEncryption,
  key: Buffer,
  header: Omit<RequestHeader, 'enc'>,
  plaintext: string,
  iv?: Buffer,
): string {
  const members = { alg: 'dir', enc, seq: header.seq, htu: header.htu };
  const withIdem = header.idem === undefined ? members : { ...members, idem: header.idem };
  return seal(enc, key, JSON.stringify(withIdem), plaintext, iv);
}

/** Opens an answer, as a client does. Null when it does not open or its header is not an answer's. */
export function openAnswer(
  token: string,
  enc: ContentEncryption,
  key: Buffer,
): { header: AnswerHeader; plaintext: string } | null {
  const opened = openSealed(token, enc, key);
  if (opened === null) return null;
  const { re, status, rot } = opened.header;
  if (typeof re !== 'number' || typeof status !== 'number') return null;
  const { plaintext } = opened;
  return { header: rot === true ? { re, status, rot } : { re, status }, plaintext };
}

function openSealed(
  token: string,
  enc: ContentEncryption,
  key: Buffer,
): { header: Record<string, unknown>; plaintext: string } | null {
  const jwe = parseCompactJwe(token);
  const header = jwe === null ? null : parseJsonObject(jwe.headerText);
  if (jwe === null || header === null || jwe.encryptedKey.length > 0) return null;
  if (header['alg'] !== 'dir' || header['enc'] !== enc) return null;
  const associatedData = Buffer.from(jwe.encodedHeader, 'latin1');
  const opened = contentEncryptions[enc].open(key, jwe.iv, associatedData, jwe.ciphertext, jwe.tag);
  return opened === null ? null : { header, plaintext: opened.toString() };
}

function seal(
  enc: ContentEncryption,
  key: Buffer,
  headerText: string,
  plaintext: string,
  iv?: Buffer,
): string {
  const encodedHeader = Buffer.from(headerText).toString('base64url');
  const content = contentEncryptions[enc].seal(key, Buffer.from(encodedHeader, 'latin1'), plaintext, iv);
  return formatCompactJwe(encodedHeader, '', content);
}

/** The one spelling that nearly all clients send, read without building an object. */
const canonicalForm =
  /^\{"alg":"dir","enc":"(A256GCM|A256CBC-HS512)","seq":([1-9]\d{0,15}),"htu":"(\/[ !#-[\]-~\u0080-\uffff]*)"(?:,"idem":"([!#-[\]-~]{16,64})")?\}$/;

function canonicalHeader(text: string): RequestHeader | null {
  const match = canonicalForm.exec(text);
  if (match === null) return null;
  const [, enc, digits, htu, idem] = match;
  const seq = Number(digits);
  if (!isContentEncryption(enc) || htu === undefined || seq > Number.MAX_SAFE_INTEGER) return null;
  return idem === undefined ? { enc, seq, htu } : { enc, seq, htu, idem };
}

const allowedMembers: ReadonlySet<string> = new Set(['alg', 'enc', 'seq', 'htu', 'idem']);

/** Any other spelling of the same header; null for no JSON object, `rejected` for one that may not be. */
function anyHeader(text: string): RequestHeader | 'rejected' | null {
  const header = parseJsonObject(text);
  if (header === null) return isJsonObject(text) ? 'rejected' : null;
  const { alg, enc, seq, htu, idem } = header;
  if (!Object.keys(header).every((name) => allowedMembers.has(name))) return 'rejected';
  if (alg !== 'dir' || !isContentEncryption(enc)) return 'rejected';
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 1 || !isPlainInteger(text, seq))
    return 'rejected';
  if (typeof htu !== 'string' || !htu.startsWith('/')) return 'rejected';
  if (idem === undefined) return { enc, seq, htu };
  if (typeof idem !== 'string' || !/^[!-~]{16,64}$/.test(idem)) return 'rejected';
  return { enc, seq, htu, idem };
}

/** Whether the number stands in the text as plain digits, not as `1.0` or `1e3`. */
function isPlainInteger(text: string, seq: number): boolean {
  const bare = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  return new RegExp(`:\\s*${seq}\\s*[,}]`).test(bare) && /^[^.eE+-]*$/.test(bare);
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
