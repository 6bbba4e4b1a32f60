import { type Bytes, concat, randomBytes } from './bytes.ts';

/** How payloads are encrypted (RFC 7518 §5.3, §5.2.5). */
export type ContentEncryption = 'A256GCM' | 'A256CBC-HS512';

/** A content key that is ready for use and cannot be read any more. */
export interface ContentKey {
  readonly enc: ContentEncryption;
  seal(associatedData: Bytes, plaintext: Bytes): Promise<{ iv: Bytes; ciphertext: Bytes; tag: Bytes }>;
  /** The plaintext, or null when anything is wrong. */
  open(associatedData: Bytes, iv: Bytes, ciphertext: Bytes, tag: Bytes): Promise<Bytes | null>;
}

/** Imports raw key bytes: 32 for A256GCM, 64 for A256CBC-HS512 (MAC half first). The bytes are wiped. */
export async function importContentKey(enc: ContentEncryption, raw: Bytes): Promise<ContentKey> {
  try {
    return enc === 'A256GCM' ? await importGcm(raw) : await importCbcHmac(raw);
  } finally {
    raw.fill(0);
  }
}

const tagBytes = 16;

async function importGcm(raw: Bytes): Promise<ContentKey> {
  if (raw.length !== 32) throw new RangeError('a key of A256GCM has 32 bytes');
  const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
  const parameters = (iv: Bytes, additionalData: Bytes) => ({
    name: 'AES-GCM',
    iv,
    additionalData,
    tagLength: 128,
  });
  return {
    enc: 'A256GCM',
    seal: async (associatedData, plaintext) => {
      const iv = randomBytes(12);
      const sealed = new Uint8Array(
        await crypto.subtle.encrypt(parameters(iv, associatedData), key, plaintext),
      );
      const end = sealed.length - tagBytes;
      return { iv, ciphertext: sealed.slice(0, end), tag: sealed.slice(end) };
    },
    open: async (associatedData, iv, ciphertext, tag) => {
      if (iv.length !== 12 || tag.length !== tagBytes) return null;
      return settled(crypto.subtle.decrypt(parameters(iv, associatedData), key, concat(ciphertext, tag)));
    },
  };
}

async function importCbcHmac(raw: Bytes): Promise<ContentKey> {
  if (raw.length !== 64) throw new RangeError('a key of A256CBC-HS512 has 64 bytes');
  const hmac = { name: 'HMAC', hash: 'SHA-512' };
  const macKey = await crypto.subtle.importKey('raw', raw.slice(0, 32), hmac, false, ['sign']);
  const key = await crypto.subtle.importKey('raw', raw.slice(32), 'AES-CBC', false, ['encrypt', 'decrypt']);
  const authenticate = async (associatedData: Bytes, iv: Bytes, ciphertext: Bytes): Promise<Bytes> => {
    const bitLength = new Uint8Array(8);
    new DataView(bitLength.buffer).setUint32(4, associatedData.length * 8);
    const signed = concat(associatedData, iv, ciphertext, bitLength);
    return new Uint8Array(await crypto.subtle.sign('HMAC', macKey, signed)).slice(0, 32);
  };
  return {
    enc: 'A256CBC-HS512',
    seal: async (associatedData, plaintext) => {
      const iv = randomBytes(16);
      const ciphertext = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-CBC', iv }, key, plaintext));
      return { iv, ciphertext, tag: await authenticate(associatedData, iv, ciphertext) };
    },
    open: async (associatedData, iv, ciphertext, tag) => {
      if (iv.length !== 16 || !areEqual(await authenticate(associatedData, iv, ciphertext), tag)) return null;
      return settled(crypto.subtle.decrypt({ name: 'AES-CBC', iv }, key, ciphertext));
    },
  };
}

async function settled(decryption: Promise<ArrayBuffer>): Promise<Bytes | null> {
  try {
    return new Uint8Array(await decryption);
  } catch {
    return null;
  }
}

/** Looks at every byte, whatever the first ones are. */
function areEqual(a: Bytes, b: Bytes): boolean {
  let difference = a.length ^ b.length;
  for (const [at, byte] of a.entries()) difference |= byte ^ (b[at] ?? 0);
  return difference === 0;
}
