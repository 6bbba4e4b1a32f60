import { type Bytes, decodeBase64url, encodeBase64url, toBytes, toText } from './bytes.ts';
import type { ContentKey } from './content-encryption.ts';

/** A JWE in compact form, taken apart (RFC 7516 §7.1). */
export interface CompactJwe {
  readonly header: Readonly<Record<string, unknown>>;
  /** The header as it stood in the token: what was authenticated. */
  readonly associatedData: Bytes;
  readonly encryptedKey: Bytes;
  readonly iv: Bytes;
  readonly ciphertext: Bytes;
  readonly tag: Bytes;
}

/** Takes a token apart; null when it is none. */
export function parseCompactJwe(token: string): CompactJwe | null {
  const parts = token.split('.');
  const decoded = parts.map(decodeBase64url);
  const [encodedHeader] = parts;
  const [headerBytes, encryptedKey, iv, ciphertext, tag] = decoded;
  if (parts.length !== 5 || encodedHeader === undefined) return null;
  if (!headerBytes || !encryptedKey || !iv || !ciphertext || !tag) return null;
  try {
    const header: unknown = JSON.parse(toText(headerBytes));
    if (typeof header !== 'object' || header === null || Array.isArray(header)) return null;
    return {
      header: header as Record<string, unknown>,
      associatedData: toBytes(encodedHeader),
      encryptedKey,
      iv,
      ciphertext,
      tag,
    };
  } catch {
    return null;
  }
}

/** Encrypts and puts the token together. @param wrappedKey base64url, empty for `alg: dir` */
export async function sealCompactJwe(
  key: ContentKey,
  header: Readonly<Record<string, unknown>>,
  wrappedKey: string,
  plaintext: string,
): Promise<string> {
  const encodedHeader = encodeBase64url(toBytes(JSON.stringify(header)));
  const { iv, ciphertext, tag } = await key.seal(toBytes(encodedHeader), toBytes(plaintext));
  return [encodedHeader, wrappedKey, ...[iv, ciphertext, tag].map(encodeBase64url)].join('.');
}
