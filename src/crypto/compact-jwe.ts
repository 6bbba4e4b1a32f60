import { isUtf8 } from 'node:buffer';
import { isCanonical } from './base64url.ts';

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

/** Five parts of the alphabet; which bits the last characters may have is looked at apart. */
const compactForm = /^([\w-]+)\.([\w-]*)\.([\w-]+)\.([\w-]*)\.([\w-]+)$/;

/** Takes a token apart. Null when it is no compact form, or not spelled in the one way there is. */
export function parseCompactJwe(token: string): CompactJwe | null {
  const match = compactForm.exec(token);
  if (match === null) return null;
  const [, encodedHeader = '', encryptedKey = '', iv = '', ciphertext = '', tag = ''] = match;
  if (!isCanonical(encodedHeader) || !isCanonical(encryptedKey) || !isCanonical(iv)) return null;
  if (!isCanonical(ciphertext) || !isCanonical(tag)) return null;
  const header = Buffer.from(encodedHeader, 'base64url');
  if (!isUtf8(header)) return null;
  return {
    encodedHeader,
    headerText: header.toString(),
    encryptedKey: encryptedKey === '' ? noBytes : Buffer.from(encryptedKey, 'base64url'),
    iv: Buffer.from(iv, 'base64url'),
    ciphertext: Buffer.from(ciphertext, 'base64url'),
    tag: Buffer.from(tag, 'base64url'),
  };
}

const noBytes = Buffer.alloc(0);

/** Puts a token together; the header is encoded already, because it was authenticated in that form. */
export function formatCompactJwe(
  encodedHeader: string,
  encryptedKey: string,
  content: { iv: Buffer; ciphertext: Buffer; tag: Buffer },
): string {
  const { iv, ciphertext, tag } = content;
  return `${encodedHeader}.${encryptedKey}.${iv.toString('base64url')}.${ciphertext.toString('base64url')}.${tag.toString('base64url')}`;
}
