import { createHash } from 'node:crypto';
import type { RandomBytes } from '../../core/random.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** Characters of an id. */
export const idLength = 400;
/** Bytes asked for at once: a little more than an id takes with those that are not fair. */
const batchBytes = 448;

const idForm = new RegExp(`^[A-Za-z0-9]{${idLength}}$`);

/** A fresh id: 400 letters and digits, each of the 62 equally likely. */
export function newSessionId(random: RandomBytes): string {
  const fair = 256 - (256 % alphabet.length);
  let id = '';
  while (id.length < idLength) {
    for (const byte of random(batchBytes)) {
      if (byte < fair && id.length < idLength) id += alphabet.charAt(byte % alphabet.length);
    }
  }
  return id;
}

/** What an id is kept as; null for what is none. Whoever reads memory or a table finds no id that is good. */
export function hashSessionId(id: string): string | null {
  return idForm.test(id) ? createHash('sha256').update(id).digest('base64url') : null;
}
