import { isUtf8 } from 'node:buffer';
import { decodeBase64url } from './base64url.ts';

/** The five parts of a JWE in compact form, decoded (RFC 7516 §7.1). */
export interface CompactJwe {
  /** The header as it stood in the token: the associated data. */
  readonly encodedHeader: string;
  readonly headerText: string;
  readonly encryptedKey: Buffer;
  readonly iv: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

/** Takes a token apart. Null when it is no compact form, or not spelled in the one way there is. */
export function parseCompactJwe(token: string): CompactJwe | null {
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  const third = token.indexOf('.', second + 1);
  const fourth = token.indexOf('.', third + 1);
  if (first === -1 || second === -1 || third === -1 || fourth === -1 || token.includes('.', fourth + 1))
    return null;
  const encodedHeader = token.slice(0, first);
  const header = decodeBase64url(encodedHeader);
  const encryptedKey = decodeBase64url(token.slice(first + 1, second));
  const iv = decodeBase64url(token.slice(second + 1, third));
  const ciphertext = decodeBase64url(token.slice(third + 1, fourth));
  const tag = decodeBase64url(token.slice(fourth + 1));
  if (header === null || encryptedKey === null || iv === null || ciphertext === null || tag === null)
    return null;
  if (!isUtf8(header)) return null;
  return { encodedHeader, headerText: header.toString(), encryptedKey, iv, ciphertext, tag };
}

/** Puts a token together; the header is encoded already, because it was authenticated in that form. */
export function formatCompactJwe(
  encodedHeader: string,
  encryptedKey: string,
  content: { iv: Buffer; ciphertext: Buffer; tag: Buffer },
): string {
  const { iv, ciphertext, tag } = content;
  return `${encodedHeader}.${encryptedKey}.${iv.toString('base64url')}.${ciphertext.toString('base64url')}.${tag.toString('base64url')}`;
}
