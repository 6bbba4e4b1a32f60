import path from 'node:path';
import { type SealedClient, registered } from '../test/support/sealed-client.ts';
import { type BenchProcess, startBenchProcess } from './process.ts';
import { httpRequest, load } from './load.ts';
import type { Row } from './table.ts';

const connections = 32;
const requestsEach = 1_250;

/** Sealed `/me` against the same answer in the clear, and sealed with jose. */
export async function benchMe(server: BenchProcess): Promise<Row[]> {
  const client = await registered(server.url, `me-${Date.now()}`);
  const answer = JSON.stringify(await client.must('/me'));
  const plain = await startBenchProcess(
    path.join(import.meta.dirname, 'servers', 'plain.js'),
    { ANSWER: answer, KEY: client.key.toString('base64url') },
    '0',
  );
  const rounds: { sealed: number; clear: number; jose: number }[] = [];
  for (let round = 0; round < 5; round++) {
    rounds.push({
      sealed: await sealedRate(server.url, client),
      clear: await clearRate(plain.url),
      jose: await joseRate(plain.url, client),
    });
  }
  await plain.stop();
  const measured = rounds.slice(1);
  const median = (pick: (round: (typeof rounds)[number]) => number): number =>
    measured.map(pick).sort((a, b) => a - b)[Math.floor(measured.length / 2)] ?? 0;
  const rate = (perSecond: number): string => `${Math.round(perSecond).toLocaleString('en')}/s`;
  return [
    {
      what: 'sealed `/me`, 32 connections',
      ours: rate(median(({ sealed }) => sealed)),
      against: `plain Hono route: ${rate(median(({ clear }) => clear))}`,
      ratio: median(({ sealed, clear }) => sealed / clear),
      target: 'at least 0.45, aim for 0.55',
    },
    {
      what: 'the same',
      ours: rate(median(({ sealed }) => sealed)),
      against: `sealed with jose: ${rate(median(({ jose }) => jose))}`,
      ratio: median(({ sealed, jose }) => sealed / jose),
      target: 'at least 3.5',
    },
  ];
}

/** Requests of one session, sealed ahead. */
export function sealedRequests(
  url: string,
  client: SealedClient,
  path: string,
  fields: unknown,
  count: number,
): Buffer[] {
  return Array.from({ length: count }, () => httpRequest(url, 'POST', path, client.seal(path, fields)));
}

async function sealedRate(url: string, client: SealedClient): Promise<number> {
  const requests = sealedRequests(url, client, '/me', {}, connections * requestsEach);
  let at = 0;
  const result = await load(url, connections, () => requests[at++] ?? null);
  if (result.refused > 0) throw new Error(`${result.refused} requests were refused`);
  return result.requestsPerSecond;
}

async function clearRate(url: string): Promise<number> {
  const request = httpRequest(url, 'GET', '/plain');
  let left = connections * requestsEach * 2;
  return (await load(url, connections, () => (left-- > 0 ? request : null))).requestsPerSecond;
}

async function joseRate(url: string, client: SealedClient): Promise<number> {
  const requests = Array.from({ length: 32 * 150 }, () =>
    httpRequest(url, 'POST', '/jose', client.seal('/jose', {})),
  );
  let at = 0;
  return (await load(url, connections, () => requests[at++] ?? null)).requestsPerSecond;
}
