import { encodeBase64url } from '../crypto/base64url.ts';

/** Cryptographically strong random bytes, as an argument so that tests can know them. */
export type RandomBytes = (size: number) => Buffer;

/** An id of 128 random bits, base64url (22 characters). */
export function newId(random: RandomBytes): string {
  return encodeBase64url(random(16));
}

/** Letters and digits that are not mistaken for one another when read aloud or typed from a screen. */
const codeAlphabet = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789';

/** Characters in a code that is sent by mail. */
export const codeLength = 8;

/** A code for a mail: 8 characters unless told, each of the 31 equally likely. */
export function newCode(random: RandomBytes, length: number = codeLength): string {
  const fair = 256 - (256 % codeAlphabet.length);
  let code = '';
  while (code.length < length) {
    for (const byte of random(16)) {
      if (byte < fair && code.length < length) code += codeAlphabet.charAt(byte % codeAlphabet.length);
    }
  }
  return code;
}

/** The code as it was mailed, from what a person typed: case, spaces and dashes do not count. */
export function normalizeCode(typed: string): string {
  return typed.replaceAll(/[\s-]/g, '').toUpperCase();
}
