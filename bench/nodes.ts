import type { Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type SealedClient, registered } from '../test/support/sealed-client.ts';
import { type Cluster, skipWithoutServices, startAlone, startCluster } from './cluster.ts';
import { countOf, openStream } from './live.ts';
import { httpRequest, load } from './load.ts';
import { sealedRequests } from './me.ts';
import type { BenchProcess } from './process.ts';
import type { Row } from './table.ts';

const rounds = 7;
/** The first of them, in which a process is still compiling what it runs. */
const warmUps = 2;
/** More nodes are for more people: each has as many. */
const clientsOfNode = 16;
const requestsEach = { '/me': 800, '/send_message': 300 } as const;
const idleMilliseconds = 5_000;
const listeners = 200;
const messages = 300;
const nodeCounts = [1, 2, 4, 8];

/** A server, or several, with people who are logged in to each. */
interface Measured {
  readonly nodes: readonly BenchProcess[];
  readonly cpuSeconds: () => number;
  readonly people: readonly {
    readonly node: BenchProcess;
    readonly client: SealedClient;
    readonly room: string;
  }[];
}

/**
 * What it costs to be one of several: a node on PostgreSQL and Redis against one on SQLite; two nodes against one, and
 * against two that know nothing of each other, since two processes on one core cost more than one does, whatever they
 * are; and what goes through Redis as nodes become more.
 */
export async function benchNodes(folder: string): Promise<Row[]> {
  if (skipWithoutServices !== false) throw new Error(skipWithoutServices);
  const single = await startAlone(path.join(folder, 'single'));
  const one = await startCluster(path.join(folder, 'one'), 1);
  const two = await startCluster(path.join(folder, 'two'), 2);
  const other = await startCluster(path.join(folder, 'other'), 1);
  const apart = [...one.nodes, ...other.nodes];
  const measured = {
    single: await peopled('single', [single], () => single.cpuSeconds()),
    one: await peopled('one', one.nodes, () => one.cpuSeconds()),
    two: await peopled('two', two.nodes, () => two.cpuSeconds()),
    apart: await peopled('apart', apart, () => one.cpuSeconds() + other.cpuSeconds()),
  };
  await Promise.all([single, ...apart, ...two.nodes].map((node) => node.settled()));
  const rows: Row[] = [await idleRow(one.nodes[0] ?? single, single)];
  for (const call of ['/me', '/send_message'] as const) {
    const costs: Record<keyof typeof measured, number>[] = [];
    for (let round = 0; round < rounds; round++) {
      costs.push({
        single: await requestCost(measured.single, call),
        one: await requestCost(measured.one, call),
        two: await requestCost(measured.two, call),
        apart: await requestCost(measured.apart, call),
      });
    }
    rows.push(
      row(
        `\`${call}\`: CPU of a node on PostgreSQL and Redis`,
        costs,
        'one',
        'single',
        'on SQLite',
        'how many times',
      ),
      row(`\`${call}\`: CPU of two nodes for each request`, costs, 'two', 'one', 'one node', 'at most 1.1'),
      row('the same', costs, 'two', 'apart', 'two that are apart', 'at most 1.1'),
    );
  }
  const deliveries: { one: number; single: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    deliveries.push({
      single: await deliveryCost(measured.single),
      one: await deliveryCost(measured.one),
    });
  }
  rows.push(
    row(
      'an event delivered: CPU of a node on PostgreSQL and Redis',
      deliveries,
      'one',
      'single',
      'on SQLite',
      'how many times',
    ),
  );
  await single.stop();
  await one.stop();
  await two.stop();
  await other.stop();
  for (const count of nodeCounts) rows.push(await redisTraffic(path.join(folder, `of${count}`), count));
  return rows;
}

async function peopled(
  group: string,
  nodes: readonly BenchProcess[],
  cpuSeconds: () => number,
): Promise<Measured> {
  const people: Measured['people'][number][] = [];
  for (let at = 0; at < clientsOfNode * nodes.length; at++) {
    const node = nodes[at % nodes.length];
    if (node === undefined) continue;
    const client = await registered(node.url, `bench-${group}-${at}`);
    const { room } = await client.must('/create_room', { room: `bench ${group} ${at}`, kind: 'open' });
    people.push({ node, client, room: String(room) });
  }
  return { nodes, cpuSeconds, people };
}

/** Microseconds of CPU, of all nodes together, for each request. */
async function requestCost(
  { nodes, cpuSeconds, people }: Measured,
  call: '/me' | '/send_message',
): Promise<number> {
  const work = nodes.map((node) => ({
    node,
    queues: people
      .filter((person) => person.node === node)
      .map(({ client, room }) => {
        const fields =
          call === '/me' ? {} : { room, message: 'A message of the usual length, more or less.' };
        return sealedRequests(node.url, client, call, fields, requestsEach[call]);
      }),
  }));
  const before = cpuSeconds();
  const results = await Promise.all(
    work.map(({ node, queues }) => load(node.url, queues.length, (at) => queues[at]?.shift() ?? null)),
  );
  const refused = results.reduce((sum, each) => sum + each.refused, 0);
  if (refused > 0) throw new Error(`${refused} requests were refused`);
  return ((cpuSeconds() - before) / (people.length * requestsEach[call])) * 1e6;
}

/** What a node does while nobody asks for anything: it looks after its place among the others. */
async function idleRow(node: BenchProcess, single: BenchProcess): Promise<Row> {
  const before = [node.cpuSeconds(), single.cpuSeconds()] as const;
  await pause(idleMilliseconds);
  const perSecond = (cpuSeconds: number): number => cpuSeconds / (idleMilliseconds / 1e3);
  const ours = perSecond(node.cpuSeconds() - before[0]);
  return {
    what: 'CPU of an idle node on PostgreSQL and Redis, each second',
    ours: `${(ours * 1e3).toFixed(1)} ms`,
    against: `on SQLite: ${(perSecond(single.cpuSeconds() - before[1]) * 1e3).toFixed(1)} ms`,
    ratio: ours,
    target: 'a share of a core, for the record',
  };
}

/** Microseconds of CPU for each event that reached a listener. */
async function deliveryCost({ nodes, cpuSeconds, people }: Measured): Promise<number> {
  const [speaker] = people;
  if (speaker === undefined) throw new Error('nobody is there');
  const streams = await listening(nodes, speaker.client);
  const before = cpuSeconds();
  await speak(speaker.node, speaker.client, speaker.room, streams);
  const cpu = cpuSeconds() - before;
  for (const stream of streams) stream.destroy();
  return (cpu / (messages * listeners)) * 1e6;
}

function listening(nodes: readonly BenchProcess[], client: SealedClient): Promise<Socket[]> {
  return Promise.all(
    Array.from({ length: listeners }, (_, at) => openStream(nodes[at % nodes.length]?.url ?? '', client)),
  );
}

/** Says so many things in the room, until every stream has heard them all. */
async function speak(
  node: BenchProcess,
  client: SealedClient,
  room: string,
  streams: readonly Socket[],
): Promise<void> {
  let delivered = 0;
  const all = new Promise<void>((resolve) => {
    for (const stream of streams) {
      stream.on('data', (chunk: Buffer) => {
        delivered += countOf(chunk, 'data: ');
        if (delivered >= messages * streams.length) resolve();
      });
    }
  });
  const requests = Array.from({ length: messages }, (_, at) =>
    httpRequest(
      node.url,
      'POST',
      '/send_message',
      client.seal('/send_message', { room, message: `${at} Shall we meet at the usual place?` }),
    ),
  );
  await load(node.url, 8, () => requests.shift() ?? null);
  await all;
}

/** Bytes and commands of Redis for each event that reached one of the listeners, who are spread over the nodes. */
async function redisTraffic(folder: string, count: number): Promise<Row> {
  const cluster = await startCluster(folder, count);
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('there is no node');
  const client = await registered(node.url, 'speaker');
  const { room } = await client.must('/create_room', { room: 'hall', kind: 'open' });
  const streams = await listening(cluster.nodes, client);
  const before = await trafficOf(cluster);
  await speak(node, client, String(room), streams);
  const after = await trafficOf(cluster);
  for (const stream of streams) stream.destroy();
  await cluster.stop();
  const events = messages * listeners;
  const bytes = (after.bytes - before.bytes) / events;
  return {
    what: `through Redis for each delivered event, ${count} ${count === 1 ? 'node' : 'nodes'}`,
    ours: `${bytes.toFixed(1)} bytes`,
    against: `${((after.commands - before.commands) / events).toFixed(3)} commands`,
    ratio: bytes / 1000,
    target: 'kilobytes, for the record',
  };
}

async function trafficOf({ redis }: Cluster): Promise<{ bytes: number; commands: number }> {
  const text = String(await redis.ask('INFO', 'stats'));
  const read = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return {
    bytes: read('total_net_input_bytes') + read('total_net_output_bytes'),
    commands: read('total_commands_processed'),
  };
}

/** The median of what the rounds came to, but for the first ones, in which everything is new. */
function row<Name extends string>(
  what: string,
  costs: readonly Readonly<Record<Name, number>>[],
  ours: Name,
  theirs: Name,
  against: string,
  target: string,
): Row {
  const median = (pick: (cost: Readonly<Record<Name, number>>) => number): number => {
    const sorted = costs
      .slice(warmUps)
      .map(pick)
      .sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  };
  return {
    what,
    ours: `${median((cost) => cost[ours]).toFixed(1)} µs`,
    against: `${against}: ${median((cost) => cost[theirs]).toFixed(1)} µs`,
    ratio: median((cost) => cost[ours] / cost[theirs]),
    target,
  };
}
