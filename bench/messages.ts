import { type SealedClient, registered } from '../test/support/sealed-client.ts';
import { httpRequest, load } from './load.ts';
import { sealedRequests } from './me.ts';
import type { BenchProcess } from './process.ts';
import type { Row } from './table.ts';

const senders = 32;
const requestsEach = 500;

/** Durable `/send_message` of 32 senders, against sealed `/me` of the same. */
export async function benchSend(server: BenchProcess): Promise<Row[]> {
  const clients: SealedClient[] = [];
  for (let at = 0; at < senders; at++)
    clients.push(await registered(server.url, `sender-${Date.now()}-${at}`));
  const [owner, ...others] = clients as [SealedClient, ...SealedClient[]];
  const { room } = await owner.must('/create_room', { room: `bench ${Date.now()}`, kind: 'open' });
  for (const other of others) await other.must('/join_room', { room });
  const rounds: { send: number; me: number }[] = [];
  for (let round = 0; round < 5; round++) {
    rounds.push({
      send: await rate(server, clients, '/send_message', {
        room,
        message: 'A message of the usual length, more or less.',
      }),
      me: await rate(server, clients, '/me', {}),
    });
  }
  const median = (pick: (each: (typeof rounds)[number]) => number): number =>
    rounds
      .slice(1)
      .map(pick)
      .sort((a, b) => a - b)[2] ?? 0;
  return [
    {
      what: `durable \`/send_message\`, ${senders} senders`,
      ours: `${Math.round(median(({ send }) => send)).toLocaleString('en')}/s`,
      against: `sealed \`/me\`: ${Math.round(median(({ me }) => me)).toLocaleString('en')}/s`,
      ratio: median(({ send, me }) => send / me),
      target: 'at least 0.60',
    },
  ];
}

async function rate(
  server: BenchProcess,
  clients: readonly SealedClient[],
  path: string,
  fields: object,
): Promise<number> {
  const requests = clients.map((client) => sealedRequests(server.url, client, path, fields, requestsEach));
  const result = await load(server.url, senders, (connection) => requests[connection]?.shift() ?? null);
  if (result.refused > 0) throw new Error(`${result.refused} requests were refused`);
  return result.requestsPerSecond;
}

/** Requests per second of one call over one connection. */
export async function callsPerSecond(
  url: string,
  client: SealedClient,
  path: string,
  fields: object,
  count: number,
): Promise<number> {
  const requests = Array.from({ length: count }, () =>
    httpRequest(url, 'POST', path, client.seal(path, fields)),
  );
  const result = await load(url, 1, () => requests.shift() ?? null);
  if (result.refused > 0) throw new Error(`${result.refused} requests were refused`);
  return result.requestsPerSecond;
}
