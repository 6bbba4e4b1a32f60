import { createHmac, hkdfSync } from 'node:crypto';
import { aesGcm } from './aes-gcm.ts';

/** What is sealed in the database, or for the other nodes, each kind under a key of its own. */
export type SealPurpose =
  | 'session-key'
  | 'user-key'
  | 'mail'
  | 'idempotency'
  | 'data-key'
  | 'shared-session'
  | 'notice'
  | 'vws-chain';

/** What is stored as a keyed hash only. */
export type HashPurpose =
  | 'code'
  | 'mail-recipient'
  | 'guess-subject'
  | 'idempotency-content'
  | 'made-up-salt'
  | 'audit-entry'
  | 'login-mark'
  | 'link';

/** The keys that everything at rest hangs on, all derived from the master key (PROTOCOL.md §7). */
export interface AtRestKeys {
  /**
   * Seals for one row.
   *
   * @param rowIdentity what the bytes belong to: moved to another row they do not open
   */
  seal(purpose: SealPurpose, rowIdentity: string, plaintext: Buffer): Buffer;
  /** Opens what `seal` made; null when it is another row's, another key's, or altered. */
  open(purpose: SealPurpose, rowIdentity: string, sealed: Buffer): Buffer | null;
  /** HMAC-SHA-256, 32 bytes. */
  hash(purpose: HashPurpose, data: string | Buffer): Buffer;
  /** A secret for password hashes, so that a stolen database alone cannot be searched for passwords. */
  readonly pepper: Buffer;
  /** 32 bytes that tell whether a master key fits a database, and nothing else about it. */
  readonly check: Buffer;
}

export const masterKeyBytes = 32;

/** First byte of everything sealed, so that the form can change one day. */
const formVersion = 1;
const form = Buffer.from([formVersion]);

/** Derives the keys (HKDF-SHA-256, RFC 5869). @throws RangeError when the master key has not 32 bytes */
export function createAtRestKeys(masterKey: Buffer): AtRestKeys {
  if (masterKey.length !== masterKeyBytes) throw new RangeError('a master key has 32 bytes');
  const derived = new Map<string, Buffer>();
  const derive = (label: string): Buffer => {
    let key = derived.get(label);
    if (key === undefined) {
      key = Buffer.from(hkdfSync('sha256', masterKey, '', `letterlock at rest 1: ${label}`, 32));
      derived.set(label, key);
    }
    return key;
  };
  return {
    seal: (purpose, rowIdentity, plaintext) =>
      sealUnder(derive(`seal ${purpose}`), bindTo(purpose, rowIdentity), plaintext),
    open: (purpose, rowIdentity, sealed) =>
      openUnder(derive(`seal ${purpose}`), bindTo(purpose, rowIdentity), sealed),
    hash: (purpose, data) =>
      createHmac('sha256', derive(`hash ${purpose}`))
        .update(data)
        .digest(),
    pepper: derive('pepper'),
    check: derive('check'),
  };
}

/** Seals under a key of the caller's own: form, IV, ciphertext, tag in one. */
export function sealUnder(key: Buffer, associatedData: Buffer, plaintext: Buffer | string): Buffer {
  const { iv, ciphertext, tag } = aesGcm.seal(key, associatedData, plaintext);
  return Buffer.concat([form, iv, ciphertext, tag]);
}

/** Opens what `sealUnder` made; null under another key or for other associated data. */
export function openUnder(key: Buffer, associatedData: Buffer, sealed: Buffer): Buffer | null {
  const { ivBytes, tagBytes } = aesGcm;
  if (sealed[0] !== formVersion || sealed.length < 1 + ivBytes + tagBytes) return null;
  const iv = sealed.subarray(1, 1 + ivBytes);
  const ciphertext = sealed.subarray(1 + ivBytes, sealed.length - tagBytes);
  return aesGcm.open(key, iv, associatedData, ciphertext, sealed.subarray(sealed.length - tagBytes));
}

/** Associated data: unambiguous, because a purpose holds no line break. */
function bindTo(purpose: SealPurpose, rowIdentity: string): Buffer {
  return Buffer.from(`${formVersion}\n${purpose}\n${rowIdentity}`);
}
