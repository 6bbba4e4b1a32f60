import { pbkdf2, randomInt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { type Options, hash, hashRaw } from '@node-rs/argon2';

const derive = promisify(pbkdf2);

/** Digits in a salt: as ASCII they are the 32 bytes that one kind of client wants, and the digits another does. */
const saltDigits = 32;
const preHashIterations = 10_000;
export const preHashBytes = 32;

/** Argon2id: 19 MiB, 2 passes, 1 lane (PROTOCOL.md §7). */
export const argon2Settings: Options = {
  // Argon2id; the library's names for the variants are gone at run time.
  algorithm: 2,
  memoryCost: 19_456,
  timeCost: 2,
  parallelism: 1,
  outputLen: 32,
};

/** 32 random decimal digits as ASCII (GATEWAYS.md "One password, every door"). */
export function createSalt(): Buffer {
  let digits = '';
  for (let at = 0; at < saltDigits; at += 8) digits += String(randomInt(10 ** 8)).padStart(8, '0');
  return Buffer.from(digits, 'latin1');
}

/**
 * PBKDF2-HMAC-SHA-256, 10,000 iterations, 32 bytes: what clients that hash for themselves send (GATEWAYS.md "One
 * password, every door"). Runs on the thread pool.
 */
export function computePreHash(password: string, salt: Buffer): Promise<Buffer> {
  return derive(password, salt, preHashIterations, preHashBytes, 'sha256');
}

/** A pre-hash as a client writes it: exactly 64 hex digits. Null for anything else. */
export function parsePreHash(text: string): Buffer | null {
  return /^[0-9a-fA-F]{64}$/.test(text) ? Buffer.from(text, 'hex') : null;
}

/** What is stored of a password: Argon2id over the pre-hash, in PHC form. Runs on the thread pool. */
export function createVerifier(preHash: Buffer, pepper: Buffer): Promise<string> {
  return hash(preHash, { ...argon2Settings, secret: pepper });
}

/** PHC form of an Argon2id hash: cost, then salt and hash in base64 without padding. */
const phcForm = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

/**
 * Whether the pre-hash is the one the verifier was made from, at the cost the verifier says. Runs on the thread pool.
 * Hashes again and compares here, because the library's own comparison takes text only.
 */
export async function verifyPreHash(verifier: string, preHash: Buffer, pepper: Buffer): Promise<boolean> {
  const match = phcForm.exec(verifier);
  if (match === null) throw new Error('a stored verifier is not in PHC form');
  const [, memoryCost, timeCost, parallelism, salt = '', expected = ''] = match;
  const expectedHash = Buffer.from(expected, 'base64');
  const found = await hashRaw(preHash, {
    ...argon2Settings,
    memoryCost: Number(memoryCost),
    timeCost: Number(timeCost),
    parallelism: Number(parallelism),
    outputLen: expectedHash.length,
    salt: Buffer.from(salt, 'base64'),
    secret: pepper,
  });
  return timingSafeEqual(found, expectedHash);
}
