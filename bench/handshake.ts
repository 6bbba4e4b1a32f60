import { createPublicKey, generateKeyPairSync, publicEncrypt, randomBytes, sign } from 'node:crypto';
import { clientKeys } from '../test/support/sealed-client.ts';
import { oaepOptions } from '../src/crypto/rsa-oaep.ts';
import { httpRequest, load } from './load.ts';
import type { BenchProcess } from './process.ts';
import { timed } from './sealing.ts';
import type { Row } from './table.ts';

const count = 6_000;

/** CPU of one handshake, against its primitives and a plain request on the same server. */
export async function benchHandshake(server: BenchProcess): Promise<Row[]> {
  const jwk = clientKeys().publicKey.export({ format: 'jwk' });
  const handshake = httpRequest(
    server.url,
    'POST',
    '/create_session_key',
    JSON.stringify({ public_key: jwk }),
  );
  const plain = httpRequest(server.url, 'GET', '/healthz');
  const ed25519 = generateKeyPairSync('ed25519').privateKey;
  const secret = randomBytes(32);
  const transcript = randomBytes(500);
  const ratios: number[] = [];
  let shown = { ours: 0, primitives: 0, plain: 0 };
  for (let round = 0; round < 4; round++) {
    const ours = await cpuPerRequest(server, handshake, count);
    const plainRequest = await cpuPerRequest(server, plain, count * 3);
    // A key's first use costs more than those after it, and a handshake's key is used once.
    const primitives =
      timed(2_000, () => {
        const key = createPublicKey({ key: jwk, format: 'jwk' });
        publicEncrypt({ key, ...oaepOptions }, secret);
      }) + timed(2_000, () => void sign(null, transcript, ed25519));
    if (round === 0) continue;
    ratios.push(ours / (primitives + plainRequest));
    shown = { ours, primitives, plain: plainRequest };
  }
  return [
    {
      what: 'one handshake, CPU',
      ours: `${shown.ours.toFixed(0)} µs`,
      against: `primitives ${shown.primitives.toFixed(0)} µs + plain request ${shown.plain.toFixed(0)} µs`,
      ratio: ratios.sort((a, b) => a - b)[1] ?? 0,
      target: 'at most 1.3',
    },
  ];
}

/** Microseconds of the server's CPU for each request. */
async function cpuPerRequest(server: BenchProcess, request: Buffer, requests: number): Promise<number> {
  let left = requests;
  const before = server.cpuSeconds();
  const { refused } = await load(server.url, 32, () => (left-- > 0 ? request : null));
  if (refused > 0) throw new Error(`${refused} requests were refused`);
  return ((server.cpuSeconds() - before) * 1e6) / requests;
}
