import { type KeyObject, constants, publicEncrypt } from 'node:crypto';

/** RSA-OAEP-256: SHA-256, MGF1 with SHA-256, empty label (RFC 7518 §4.3). */
export const oaepOptions = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' } as const;

/** Encrypts a short plaintext to a public key. It takes some tens of microseconds, so it stays on the event loop. */
export function oaepEncrypt(key: KeyObject, plaintext: Buffer): Buffer {
  return publicEncrypt({ key, ...oaepOptions }, plaintext);
}
