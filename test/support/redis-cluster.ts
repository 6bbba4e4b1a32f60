import { slotOf } from '../../src/shared-state/redis/cluster/slots.ts';
import { PrivateRedis } from './redis-server.ts';

/** Slots of each of the three. */
const ranges = [
  [0, 5_460],
  [5_461, 10_922],
  [10_923, 16_383],
] as const;

/** A Redis Cluster of a test's own: three primaries, put together by hand because `redis-cli` waits for seconds. */
export class PrivateCluster {
  readonly nodes: readonly PrivateRedis[];
  private readonly replicas: PrivateRedis[] = [];

  private constructor(nodes: readonly PrivateRedis[]) {
    this.nodes = nodes;
  }

  /** Starts one; null where there is no `redis-server`. */
  static async start(): Promise<PrivateCluster | null> {
    const nodes: PrivateRedis[] = [];
    for (let at = 0; at < ranges.length; at++) {
      const node = await PrivateRedis.startOfCluster();
      if (node === null) return null;
      nodes.push(node);
    }
    const cluster = new PrivateCluster(nodes);
    await cluster.putTogether();
    return cluster;
  }

  /** What `REDIS_URL` is for it. */
  get url(): string {
    return `redis://${this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}/?cluster=on`;
  }

  /** The primary that has the key now, and another one. */
  async around(key: string): Promise<{ from: PrivateRedis; to: PrivateRedis }> {
    const [one = this.first] = this.nodes;
    const slots = (await one.ask('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
    const slot = slotOf(key);
    const port = slots.find(([first, last]) => first <= slot && slot <= last)?.[2][1];
    const from = this.nodes.find((node) => node.port === port) ?? this.first;
    const to = this.nodes.find((node) => node !== from) ?? this.first;
    return { from, to };
  }

  /** Begins to move the slot of a key: those that are there stay, others are asked for at the other server. */
  async beginMove(key: string, { from, to }: { from: PrivateRedis; to: PrivateRedis }): Promise<void> {
    const slot = String(slotOf(key));
    await to.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await id(from));
    await from.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await id(to));
  }

  /** Moves what is in the slot. */
  async moveKeys(key: string, { from, to }: { from: PrivateRedis; to: PrivateRedis }): Promise<void> {
    const slot = String(slotOf(key));
    const keys = (await from.ask('CLUSTER', 'GETKEYSINSLOT', slot, '1000')) as string[];
    if (keys.length === 0) return;
    await from.ask('MIGRATE', '127.0.0.1', String(to.port), '', '0', '5000', 'KEYS', ...keys);
  }

  /** Tells the servers that the slot is the other one's. */
  async endMove(key: string, { from, to }: { from: PrivateRedis; to: PrivateRedis }): Promise<void> {
    const owner = await id(to);
    for (const node of [to, from, ...this.nodes.filter((each) => each !== to && each !== from)]) {
      await node.ask('CLUSTER', 'SETSLOT', String(slotOf(key)), 'NODE', owner);
    }
  }

  /** Starts a server that has what a primary has. It takes its place when it is told to, without a vote. */
  async addReplica(primary: PrivateRedis): Promise<PrivateRedis> {
    const replica = await PrivateRedis.startOfCluster();
    if (replica === null) throw new Error('no redis-server any more');
    this.replicas.push(replica);
    for (const node of this.nodes) {
      await replica.ask('CLUSTER', 'MEET', '127.0.0.1', String(node.port), String(node.busPort));
    }
    const primaryId = await id(primary);
    // It takes over the slots that it has heard of.
    const heard = new RegExp(`^${primaryId} .* connected \\d`, 'm');
    await until(async () => heard.test(String(await replica.ask('CLUSTER', 'NODES'))));
    await replica.ask('CLUSTER', 'REPLICATE', primaryId);
    await until(async () =>
      String(await replica.ask('INFO', 'replication')).includes('master_link_status:up'),
    );
    return replica;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.nodes, ...this.replicas].map((node) => node.stop()));
  }

  private get first(): PrivateRedis {
    const [first] = this.nodes;
    if (first === undefined) throw new Error('a cluster of nobody');
    return first;
  }

  private async putTogether(): Promise<void> {
    await Promise.all(
      this.nodes.map(async (node, at) => {
        await node.ask('CLUSTER', 'SET-CONFIG-EPOCH', String(at + 1));
        const [first = 0, last = 0] = ranges[at] ?? [];
        await node.ask('CLUSTER', 'ADDSLOTSRANGE', String(first), String(last));
      }),
    );
    // Each is told of all, so that nobody waits for what the others say of each other.
    for (const node of this.nodes) {
      for (const other of this.nodes) {
        if (other === node) continue;
        await node.ask('CLUSTER', 'MEET', '127.0.0.1', String(other.port), String(other.busPort));
      }
    }
    for (const node of this.nodes) {
      await until(async () => {
        const info = String(await node.ask('CLUSTER', 'INFO'));
        return info.includes('cluster_state:ok') && info.includes('cluster_slots_assigned:16384');
      });
    }
  }
}

/** Waits until it holds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it never came about');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function id(node: PrivateRedis): Promise<string> {
  return String(await node.ask('CLUSTER', 'MYID'));
}
