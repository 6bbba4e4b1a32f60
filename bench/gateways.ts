import path from 'node:path';
import { type SealedClient, registered } from '../test/support/sealed-client.ts';
import { type Sending, deliveryCost, rawDeliveryCost, reached, sendRequest } from './delivery.ts';
import { Filling } from './fill.ts';
import {
  type GatewayClient,
  type Kind,
  exemplar,
  gatewayEnvironment,
  kinds,
  logIn,
} from './gateway-clients.ts';
import { idleMemory } from './idle-connections.ts';
import { load } from './load.ts';
import { type BenchProcess, startBenchProcess } from './process.ts';
import type { Row } from './table.ts';

const listeners = 200;
const rounds = 4;
const crowd = 10_000;
const idle = 1_000;
const main = path.join(import.meta.dirname, '..', 'src', 'main.js');

const fullSpeed: Sending = { messages: 2_000, inFlight: 32 };
/** Each of its objects takes ten milliseconds, whatever else is done. */
const fullSpeedOfRooms: Sending = { messages: 200, inFlight: 32 };
const oneAtATime: Sending = { messages: 400, inFlight: 1 };

const targets: Record<Kind, string> = {
  chatroom: 'at most 1.2',
  chateau: 'at most 1.2',
  frames: 'at most 2 (TLS)',
  rooms: 'none: its clients need an object to a segment',
};

/** CPU for each message delivered on each gateway, idle connections' memory, and a message to ten thousand. */
export async function benchGateways(folder: string): Promise<Row[]> {
  const first = await startBenchProcess(main, gatewayEnvironment, '0', folder);
  await registered(first.url, exemplar);
  await first.stop();
  const filling = new Filling(folder);
  const names = filling.accounts(idle, 'acct', exemplar);
  filling.close();

  const server = await startBenchProcess(main, gatewayEnvironment, '0', folder);
  const sender = await registered(server.url, 'sender');
  await server.settled();
  const rows: Row[] = [];
  for (const kind of kinds) {
    const sending = kind === 'rooms' ? fullSpeedOfRooms : fullSpeed;
    rows.push(await deliveryRow(server, sender, kind, names, sending));
  }
  for (const kind of ['chatroom', 'chateau'] as const) {
    rows.push(await deliveryRow(server, sender, kind, names, oneAtATime));
  }
  rows.push(await reachOf(server, sender));
  await server.stop();
  for (const kind of kinds) rows.push(await idleMemory(main, folder, kind, names));
  return rows;
}

async function deliveryRow(
  server: BenchProcess,
  sender: SealedClient,
  kind: Kind,
  names: readonly string[],
  sending: Sending,
): Promise<Row> {
  const pairs: { ours: number; theirs: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const open: GatewayClient[] = [];
    for (let at = 0; at < listeners; at++) open.push(await logIn[kind](names[at] ?? ''));
    const ours = await deliveryCost(server, sender, open, sending, kind !== 'frames');
    for (const client of open) client.close();
    pairs.push({ ours, theirs: await rawDeliveryCost(listeners, sending) });
  }
  // The first round brings both to speed.
  const median = (pick: (pair: (typeof pairs)[number]) => number): number =>
    pairs
      .slice(1)
      .map(pick)
      .sort((a, b) => a - b)[Math.floor((rounds - 1) / 2)] ?? 0;
  const isAlone = sending.inFlight === 1;
  return {
    what: `CPU for each message delivered on \`${kind}\`, ${listeners} listeners, ${isAlone ? 'one message at a time' : 'sender at full speed'}`,
    ours: `${median(({ ours }) => ours).toFixed(2)} µs`,
    against: `raw ws: ${median(({ theirs }) => theirs).toFixed(2)} µs`,
    ratio: median(({ ours, theirs }) => ours / theirs),
    target: isAlone ? 'none' : targets[kind],
  };
}

/** A message to ten thousand connections: how many got it, and how many were lost. */
async function reachOf(server: BenchProcess, sender: SealedClient): Promise<Row> {
  const open: GatewayClient[] = [];
  for (let at = 0; at < crowd; at += 100) {
    open.push(
      ...(await Promise.all(Array.from({ length: 100 }, (_, one) => logIn.chatroom(`crowd${at + one}`)))),
    );
  }
  const words = `to everybody at ${Date.now()}`;
  const requests = [sendRequest(sender, words)];
  const begin = performance.now();
  const arrived = reached(open, words, 1);
  await load(server.url, 1, () => requests.pop() ?? null);
  await arrived;
  const took = performance.now() - begin;
  for (const client of open) client.close();
  return {
    what: 'a message to 10,000 connections of `chatroom`',
    ours: `all had it after ${Math.round(took)} ms, none was lost`,
    against: '10,000',
    ratio: open.length / crowd,
    target: 'no connection lost',
  };
}
