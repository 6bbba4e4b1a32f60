import { type Socket, connect } from 'node:net';
import path from 'node:path';
import { WebSocket } from 'ws';
import { type SealedClient, registered } from '../test/support/sealed-client.ts';
import { httpRequest, load } from './load.ts';
import { type BenchProcess, startBenchProcess } from './process.ts';
import type { Row } from './table.ts';

const listeners = 200;
const messages = 1_000;
const idle = 2_000;
const text = 'Shall we meet at the usual place at half past seven, or is that too early for you?';

/** CPU of the server for each event that reached a listener, and memory of those that wait for one. */
export async function benchLive(server: BenchProcess): Promise<Row[]> {
  const client = await registered(server.url, `live-${Date.now()}`);
  const raw = await startBenchProcess(path.join(import.meta.dirname, 'servers', 'raw-ws.js'), {}, '0');
  const rounds: { ours: number; theirs: number }[] = [];
  for (let round = 0; round < 4; round++) {
    rounds.push({ ours: await streamCost(server, client, round), theirs: await rawCost(raw, client) });
  }
  await raw.stop();
  const median = (pick: (round: (typeof rounds)[number]) => number): number =>
    rounds
      .slice(1)
      .map(pick)
      .sort((a, b) => a - b)[1] ?? 0;
  return [
    {
      what: `CPU for each delivered event, ${listeners} sealed streams`,
      ours: `${median(({ ours }) => ours).toFixed(2)} µs`,
      against: `raw ws, unsealed: ${median(({ theirs }) => theirs).toFixed(2)} µs`,
      ratio: median(({ ours, theirs }) => ours / theirs),
      target: 'at most 3, aim for 1.5',
    },
    await idleMemory(server, client),
  ];
}

async function streamCost(server: BenchProcess, client: SealedClient, round: number): Promise<number> {
  const { room } = await client.must('/create_room', { room: `live ${Date.now()} ${round}`, kind: 'open' });
  const sockets = await Promise.all(Array.from({ length: listeners }, () => openStream(server.url, client)));
  let delivered = 0;
  const all = new Promise<void>((resolve) => {
    for (const socket of sockets) {
      socket.on('data', (chunk: Buffer) => {
        delivered += countOf(chunk, 'data: ');
        if (delivered >= messages * listeners) resolve();
      });
    }
  });
  const requests = Array.from({ length: messages }, (_, at) =>
    httpRequest(
      server.url,
      'POST',
      '/send_message',
      client.seal('/send_message', { room, message: `${at} ${text}` }),
    ),
  );
  const before = server.cpuSeconds();
  let at = 0;
  await load(server.url, 8, () => requests[at++] ?? null);
  await all;
  const cpu = server.cpuSeconds() - before;
  for (const socket of sockets) socket.destroy();
  return (cpu * 1e6) / (messages * listeners);
}

async function rawCost(raw: BenchProcess, client: SealedClient): Promise<number> {
  const sockets = await Promise.all(Array.from({ length: listeners }, () => openWebSocket(raw.url)));
  const sender = await openWebSocket(raw.url);
  let delivered = 0;
  const all = new Promise<void>((resolve) => {
    for (const socket of sockets) {
      socket.on('message', () => {
        delivered += 1;
        if (delivered >= messages * listeners) resolve();
      });
    }
  });
  const event = (at: number): string =>
    JSON.stringify({
      kind: 'message',
      at: new Date().toISOString(),
      room: client.sessionKey,
      room_name: 'live 1700000000000 1',
      seq: at,
      id: `${client.sessionKey}.${at}`,
      from: 'live-1700000000000',
      message: `${at} ${text}`,
      edited_at: null,
      deleted: false,
      revision: 0,
    });
  const before = raw.cpuSeconds();
  // Eight at a time, as the other side has it.
  let sent = 0;
  const pump = (): void => {
    while (sent < messages && sent * listeners - delivered < 8 * listeners) sender.send(event(sent++));
    if (sent < messages) setImmediate(pump);
  };
  pump();
  await all;
  const cpu = raw.cpuSeconds() - before;
  for (const socket of [...sockets, sender]) socket.terminate();
  return (cpu * 1e6) / (messages * listeners);
}

/** Resident memory of connections on which nothing happens, each kind in a process of its own. */
async function idleMemory(server: BenchProcess, client: SealedClient): Promise<Row> {
  const raw = await startBenchProcess(path.join(import.meta.dirname, 'servers', 'raw-ws.js'), {}, '0');
  const ours = await grown(server, () => openStream(server.url, client));
  const theirs = await grown(raw, () => openWebSocket(raw.url));
  await raw.stop();
  return {
    what: `memory of an idle event stream, of ${idle.toLocaleString('en')}`,
    ours: `${Math.round(ours)} bytes`,
    against: `idle raw ws: ${Math.round(theirs)} bytes`,
    ratio: ours / theirs,
    target: 'at most 2',
  };
}

/** Bytes that the process grows by for each connection. */
async function grown(process: BenchProcess, open: () => Promise<Socket | WebSocket>): Promise<number> {
  const some = async (count: number) => {
    const opened: (Socket | WebSocket)[] = [];
    for (let at = 0; at < count; at += 100) {
      opened.push(...(await Promise.all(Array.from({ length: 100 }, open))));
    }
    return opened;
  };
  // The first bring the heap to the size that opening them needs.
  const first = await some(500);
  const before = process.memory();
  const rest = await some(idle);
  const after = process.memory();
  for (const each of [...first, ...rest]) {
    if (each instanceof WebSocket) each.terminate();
    else each.destroy();
  }
  return (after - before) / idle;
}

/** Opens a stream of events; resolves when its head has come. */
export function openStream(url: string, client: SealedClient): Promise<Socket> {
  const request = httpRequest(url, 'POST', '/events', client.seal('/events', {}));
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(request);
    socket.on('error', reject);
    socket.once('data', (chunk: Buffer) => {
      if (chunk.toString('latin1').startsWith('HTTP/1.1 200')) resolve(socket);
      else reject(new Error(chunk.toString('latin1')));
    });
  });
}

/** Opens a WebSocket without compression. */
export function openWebSocket(url: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.on('error', reject);
    socket.once('open', () => resolve(socket));
  });
}

/** How often a word is in the bytes. */
export function countOf(chunk: Buffer, word: string): number {
  let found = 0;
  for (let at = chunk.indexOf(word); at !== -1; at = chunk.indexOf(word, at + word.length)) found += 1;
  return found;
}
