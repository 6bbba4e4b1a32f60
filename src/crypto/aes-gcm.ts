import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { ContentCipher } from './content-encryption.ts';
import { pooledRandomBytes } from './random-pool.ts';

const algorithm = 'aes-256-gcm';
const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;
const options = { authTagLength: tagBytes };

/** AES-256-GCM with a 12-byte IV and a 16-byte tag, no others (RFC 7518 §5.3). */
export const aesGcm: ContentCipher = {
  keyBytes,
  ivBytes,
  tagBytes,
  seal(key, associatedData, plaintext, iv = pooledRandomBytes(ivBytes)) {
    if (iv.length !== ivBytes) throw new RangeError('an IV of A256GCM has 12 bytes');
    const cipher = createCipheriv(algorithm, key, iv, options);
    cipher.setAAD(associatedData);
    const ciphertext =
      typeof plaintext === 'string' ? cipher.update(plaintext, 'utf8') : cipher.update(plaintext);
    cipher.final();
    return { iv, ciphertext, tag: cipher.getAuthTag() };
  },
  open(key, iv, associatedData, ciphertext, tag) {
    if (key.length !== keyBytes || iv.length !== ivBytes || tag.length !== tagBytes) return null;
    const decipher = createDecipheriv(algorithm, key, iv, options);
    decipher.setAAD(associatedData);
    decipher.setAuthTag(tag);
    const plaintext = decipher.update(ciphertext);
    try {
      decipher.final();
    } catch {
      plaintext.fill(0);
      return null;
    }
    return plaintext;
  },
};
