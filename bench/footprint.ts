import path from 'node:path';
import { clientKeys } from '../test/support/sealed-client.ts';
import { httpRequest, load } from './load.ts';
import { startBenchProcess } from './process.ts';
import type { Row } from './table.ts';
import { gatewaysOff } from '../test/support/gateways-off.ts';

const sessions = 100_000;
const main = path.join(import.meta.dirname, '..', 'src', 'main.js');

/** Memory of many sessions without a user, and how soon a restarted server answers. */
export async function benchFootprint(folder: string): Promise<Row[]> {
  const environment = { LISTEN_HTTP: 'http://127.0.0.1:0', RSA_BITS: '2048', LIMITS: 'off', ...gatewaysOff };
  const first = await startBenchProcess(main, environment, '0', folder);
  const jwk = clientKeys().publicKey.export({ format: 'jwk' });
  const handshake = httpRequest(
    first.url,
    'POST',
    '/create_session_key',
    JSON.stringify({ public_key: jwk }),
  );
  const open = async (count: number): Promise<void> => {
    let left = count;
    await load(first.url, 32, () => (left-- > 0 ? handshake : null));
  };
  // A first tenth brings the heap to the size that the work alone needs.
  await open(sessions / 10);
  const before = first.memory();
  await open(sessions);
  const bytes = (first.memory() - before) / sessions;
  await first.stop();

  const starts: number[] = [];
  for (let round = 0; round < 5; round++) {
    const begin = performance.now();
    const server = await startBenchProcess(main, environment, '0,1', folder);
    await (await fetch(`${server.url}/healthz`)).text();
    starts.push(performance.now() - begin);
    await server.stop();
  }
  const start = starts.sort((a, b) => a - b)[2] ?? 0;
  return [
    {
      what: 'memory of an anonymous session, of 100,000',
      ours: `${Math.round(bytes)} bytes`,
      against: '2 KiB',
      ratio: bytes / 2048,
      target: 'at most 1',
    },
    {
      what: 'start to first answer, with a database',
      ours: `${Math.round(start)} ms`,
      against: '1 s',
      ratio: start / 1000,
      target: 'below 1',
    },
  ];
}
