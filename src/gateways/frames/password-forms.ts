import { type Secret, passwordSecret } from '../../core/accounts/secret.ts';
import { parsePreHash } from '../../crypto/password.ts';

/** What clients send first in the place of a password, to be told the salt. */
export const saltQuestion = 'X';

/** A password as it came: with the salt that the client hashed it with, where it did. */
export interface GivenPassword {
  readonly secret: Secret;
  readonly salt: Buffer | null;
}

/** Reads either form: the hex of 32 salt bytes followed by the pre-hash, or the password (GATEWAYS.md "One password, every door"). */
export function readPassword(text: string): GivenPassword {
  const preHash = text.length === 128 && /^[0-9a-fA-F]+$/.test(text) ? parsePreHash(text.slice(64)) : null;
  if (preHash === null) return { secret: passwordSecret(text), salt: null };
  return { secret: { kind: 'preHash', preHash }, salt: Buffer.from(text.slice(0, 64), 'hex') };
}

/** The answer to the salt question: the salt, and filler where clients expect a hash. */
export function saltAnswer(salt: Buffer): string {
  return Buffer.concat([salt, Buffer.alloc(32)]).toString('hex');
}
