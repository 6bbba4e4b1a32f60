import { randomBytes } from 'node:crypto';
import { type CompactJwe, formatCompactJwe, parseCompactJwe } from './compact-jwe.ts';
import { type ContentEncryption, contentEncryptions, isContentEncryption } from './content-encryption.ts';
import { parseJsonObject } from './json-object.ts';
import { type RsaPrivateKey, oaepDecrypt } from './rsa-private-key.ts';
import { oaepEncrypt } from './rsa-oaep.ts';
import type { RsaPublicKey } from './rsa-public-key.ts';

/** A message to a user's key, taken apart: RSA-OAEP-256 around a content key (RFC 7516). */
export interface MessageJwe {
  readonly jwe: CompactJwe;
  readonly enc: ContentEncryption;
  readonly kid: string | null;
}

/** Encrypts to the key: JWE compact, RSA-OAEP-256 and A256GCM, with the key's `kid`. */
export function encryptMessage(key: RsaPublicKey, plaintext: Buffer): string {
  const header = JSON.stringify({ alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: key.kid });
  const encodedHeader = Buffer.from(header).toString('base64url');
  const cipher = contentEncryptions.A256GCM;
  const contentKey = randomBytes(cipher.keyBytes);
  const content = cipher.seal(contentKey, Buffer.from(encodedHeader), plaintext);
  const wrapped = oaepEncrypt(key.keyObject, contentKey).toString('base64url');
  contentKey.fill(0);
  return formatCompactJwe(encodedHeader, wrapped, content);
}

const allowedMembers: ReadonlySet<string> = new Set(['alg', 'enc', 'kid', 'typ', 'cty']);

/** Takes a message apart and checks its header; null when it is none that could be decrypted here. */
export function readMessageJwe(token: string): MessageJwe | null {
  const jwe = parseCompactJwe(token);
  const header = jwe === null ? null : parseJsonObject(jwe.headerText);
  if (jwe === null || header === null) return null;
  const { alg, enc, kid, typ, cty } = header;
  if (!Object.keys(header).every((name) => allowedMembers.has(name))) return null;
  if (alg !== 'RSA-OAEP-256' || !isContentEncryption(enc)) return null;
  if (![kid, typ, cty].every((text) => text === undefined || typeof text === 'string')) return null;
  return { jwe, enc, kid: typeof kid === 'string' ? kid : null };
}

/** The plaintext, or null for whatever is wrong with the message. */
export async function decryptMessage({ jwe, enc }: MessageJwe, key: RsaPrivateKey): Promise<Buffer | null> {
  const cipher = contentEncryptions[enc];
  const contentKey = await oaepDecrypt(key, jwe.encryptedKey);
  if (contentKey === null || contentKey.length !== cipher.keyBytes) return null;
  const plaintext = cipher.open(contentKey, jwe.iv, Buffer.from(jwe.encodedHeader), jwe.ciphertext, jwe.tag);
  contentKey.fill(0);
  return plaintext;
}
