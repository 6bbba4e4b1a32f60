import { once } from 'node:events';
import { connect } from 'node:net';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import { type GatewayClient, type Kind, gatewayEnvironment, logIn } from './gateway-clients.ts';
import { openWebSocket } from './live.ts';
import { type BenchProcess, startBenchProcess } from './process.ts';
import type { Row } from './table.ts';

/** The first bring lists and pools to the size that connections need. */
const before = 200;

const rawServers = path.join(import.meta.dirname, 'servers');
const rawName: Record<Kind, 'net' | 'ws' | 'tls'> = {
  chatroom: 'net',
  chateau: 'ws',
  frames: 'tls',
  rooms: 'net',
};

/**
 * What a connection takes on which somebody is logged in and nothing happens, each kind in a server of its own. What the
 * system has for it outside the process is the same on both sides, and not counted.
 */
export async function idleMemory(
  main: string,
  folder: string,
  kind: Kind,
  names: readonly string[],
): Promise<Row> {
  const server = await startBenchProcess(main, gatewayEnvironment, '0', folder, true);
  await server.settled();
  const ours = await grown(server, names.length, (at) => logIn[kind](names[at] ?? `guest${at}`));
  await server.stop();
  const name = rawName[kind];
  const keys = path.join(folder, 'keys');
  const certificate =
    name === 'tls'
      ? { TLS_KEY: path.join(keys, 'tls.key'), TLS_CERTIFICATE: path.join(keys, 'tls.crt') }
      : {};
  const script = path.join(rawServers, name === 'ws' ? 'raw-ws.js' : 'raw-socket.js');
  const raw = await startBenchProcess(script, certificate, '0', folder, true);
  const theirs = await grown(raw, names.length, () => openRaw(raw.url, name));
  await raw.stop();
  return {
    what: `memory of an idle \`${kind}\` connection, of ${names.length.toLocaleString('en')}`,
    ours: `${Math.round(ours)} bytes`,
    against: `raw ${name}: ${Math.round(theirs)} bytes`,
    ratio: ours / theirs,
    target: 'at most 1.5',
  };
}

async function grown(
  server: BenchProcess,
  count: number,
  open: (at: number) => Promise<GatewayClient>,
): Promise<number> {
  const clients: GatewayClient[] = [];
  while (clients.length < before) clients.push(await open(clients.length));
  const first = await server.memoryInUse();
  while (clients.length < count) clients.push(await open(clients.length));
  const last = await server.memoryInUse();
  for (const client of clients) client.close();
  return (last - first) / (count - before);
}

async function openRaw(url: string, name: 'net' | 'ws' | 'tls'): Promise<GatewayClient> {
  if (name === 'ws') {
    const socket = await openWebSocket(url);
    return { onBytes: (take) => void socket.on('message', take), close: () => socket.terminate() };
  }
  const place = { host: '127.0.0.1', port: Number(new URL(url).port) };
  const socket = name === 'tls' ? connectTls({ ...place, rejectUnauthorized: false }) : connect(place);
  await once(socket, name === 'tls' ? 'secureConnect' : 'connect');
  socket.on('error', () => {});
  return { onBytes: (take) => void socket.on('data', take), close: () => socket.destroy() };
}
