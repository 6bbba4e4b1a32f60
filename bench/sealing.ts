import { randomBytes } from 'node:crypto';
import { CompactEncrypt, compactDecrypt } from 'jose';
import {
  openSealedRequest,
  readSealedRequest,
  sealAnswer,
  sealRequest,
} from '../src/crypto/sealed-payload.ts';
import type { Row } from './table.ts';

const rounds = 5;

/** Opening and sealing a payload of 250 bytes, against `jose` doing the same. */
export async function benchSealing(): Promise<Row[]> {
  const key = randomBytes(32);
  const plaintext = JSON.stringify({ message: 'x'.repeat(236) });
  const token = sealRequest('A256GCM', key, { seq: 1, htu: '/encrypt/alice' }, plaintext);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(timed(20_000, () => ownWay(key, token)));
    theirs.push(await timedAsync(3_000, () => joseWay(key, token)));
  }
  const ratio = Math.max(...theirs.slice(1).map((their, at) => their / (ours[at + 1] ?? 1)));
  const best = (times: readonly number[]): number => Math.min(...times);
  return [
    {
      what: 'opening and sealing 250 bytes',
      ours: `${best(ours).toFixed(1)} µs`,
      against: `jose: ${best(theirs).toFixed(1)} µs`,
      ratio: Math.min(ratio, best(theirs) / best(ours)),
      target: 'at least 8',
    },
  ];
}

function ownWay(key: Buffer, token: string): void {
  const request = readSealedRequest(token);
  if (request.kind !== 'sealed') throw new Error('the token is not in order');
  const opened = openSealedRequest(request, 'A256GCM', key);
  if (opened === null) throw new Error('the token does not open');
  sealAnswer('A256GCM', key, { re: request.header.seq, status: 200 }, opened.toString());
}

async function joseWay(key: Buffer, token: string): Promise<void> {
  const { plaintext, protectedHeader } = await compactDecrypt(token, key);
  await new CompactEncrypt(plaintext)
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', re: protectedHeader['seq'], status: 200 })
    .encrypt(key);
}

/** Microseconds for one call. */
export function timed(count: number, call: () => void): number {
  const begin = performance.now();
  for (let at = 0; at < count; at++) call();
  return ((performance.now() - begin) * 1000) / count;
}

async function timedAsync(count: number, call: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  for (let at = 0; at < count; at++) await call();
  return ((performance.now() - begin) * 1000) / count;
}
