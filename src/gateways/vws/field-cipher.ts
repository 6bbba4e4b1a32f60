import { isUtf8 } from 'node:buffer';
import { createCipheriv, createDecipheriv } from 'node:crypto';

/** Bytes of a key; on the wire it is written as twice as many hex digits. */
export const keyBytes = 32;

const algorithm = 'aes-256-ecb';
const blockBytes = 16;

/**
 * Encrypts one field: AES-256-ECB, PKCS#7, base64 (GATEWAYS.md, on `vws`).
 *
 * @param key 64 hex digits
 */
export function encryptField(key: string, text: string): string {
  const cipher = createCipheriv(algorithm, Buffer.from(key, 'hex'), null);
  return Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]).toString('base64');
}

/**
 * Opens one field; null for whatever is wrong with it. Line breaks in the base64 are let pass: encoders of some
 * platforms put them there.
 *
 * @param key 64 hex digits
 */
export function decryptField(key: string, field: string): string | null {
  const base64 = field.replaceAll(/[\r\n]/g, '');
  const ciphertext = Buffer.from(base64, 'base64');
  if (ciphertext.toString('base64') !== base64) return null;
  if (ciphertext.length === 0 || ciphertext.length % blockBytes !== 0) return null;
  const plaintext = decrypt(Buffer.from(key, 'hex'), ciphertext);
  return plaintext !== null && isUtf8(plaintext) ? plaintext.toString() : null;
}

function decrypt(key: Buffer, ciphertext: Buffer): Buffer | null {
  const decipher = createDecipheriv(algorithm, key, null);
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    return null;
  }
}
