import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import type { ContentCipher } from './content-encryption.ts';
import { pooledRandomBytes } from './random-pool.ts';

const algorithm = 'aes-256-cbc';
const keyBytes = 64;
const halfBytes = 32;
const ivBytes = 16;
const tagBytes = 32;

/** AES-256-CBC with HMAC-SHA-512, MAC half of the key first (RFC 7518 §5.2.2.1). */
export const aesCbcHmac: ContentCipher = {
  keyBytes,
  ivBytes,
  tagBytes,
  seal(key, associatedData, plaintext, iv = pooledRandomBytes(ivBytes)) {
    if (iv.length !== ivBytes) throw new RangeError('an IV of A256CBC-HS512 has 16 bytes');
    const cipher = createCipheriv(algorithm, key.subarray(halfBytes), iv);
    const first = typeof plaintext === 'string' ? cipher.update(plaintext, 'utf8') : cipher.update(plaintext);
    const ciphertext = Buffer.concat([first, cipher.final()]);
    return { iv, ciphertext, tag: authenticate(key, associatedData, iv, ciphertext) };
  },
  open(key, iv, associatedData, ciphertext, tag) {
    if (key.length !== keyBytes || iv.length !== ivBytes || tag.length !== tagBytes) return null;
    if (!timingSafeEqual(authenticate(key, associatedData, iv, ciphertext), tag)) return null;
    const decipher = createDecipheriv(algorithm, key.subarray(halfBytes), iv);
    try {
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    } catch {
      return null;
    }
  },
};

function authenticate(key: Buffer, associatedData: Buffer, iv: Buffer, ciphertext: Buffer): Buffer {
  const bitLength = Buffer.alloc(8);
  bitLength.writeBigUInt64BE(BigInt(associatedData.length) * 8n);
  return createHmac('sha512', key.subarray(0, halfBytes))
    .update(associatedData)
    .update(iv)
    .update(ciphertext)
    .update(bitLength)
    .digest()
    .subarray(0, tagBytes);
}
