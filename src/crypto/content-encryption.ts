import { aesCbcHmac } from './aes-cbc-hmac.ts';
import { aesGcm } from './aes-gcm.ts';

/** The content encryptions of sealed payloads (RFC 7518 §5.3, §5.2.5). */
export type ContentEncryption = 'A256GCM' | 'A256CBC-HS512';

/** What a content encryption makes of a plaintext. */
export interface SealedContent {
  readonly iv: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

/** One authenticated encryption, by its sizes and its two directions. */
export interface ContentCipher {
  readonly keyBytes: number;
  readonly ivBytes: number;
  readonly tagBytes: number;
  /** @param iv given only by tests and vectors; a fresh random one otherwise */
  seal(key: Buffer, associatedData: Buffer, plaintext: Buffer | string, iv?: Buffer): SealedContent;
  /** The plaintext, or null when anything at all is wrong: sizes, key, IV, associated data, ciphertext, tag. */
  open(key: Buffer, iv: Buffer, associatedData: Buffer, ciphertext: Buffer, tag: Buffer): Buffer | null;
}

/** Content encryptions by their name in a JWE header. */
export const contentEncryptions: Readonly<Record<ContentEncryption, ContentCipher>> = {
  A256GCM: aesGcm,
  'A256CBC-HS512': aesCbcHmac,
};

export function isContentEncryption(value: unknown): value is ContentEncryption {
  return typeof value === 'string' && Object.hasOwn(contentEncryptions, value);
}
