import assert from 'node:assert/strict';
import type { LetterlockClient } from '../../src/client/index.ts';
import { clientOf } from './cluster-clients.ts';
import { type Cluster, type ClusterNode, eventually } from './cluster.ts';
import { EventLog } from './event-log.ts';
import { emailOf, passwordOf } from './sealed-client.ts';

/** One message, as its sender knows it. */
interface Entry {
  readonly sender: Member;
  readonly room: string;
  readonly text: string;
  readonly idem: string;
  /** The number it was acknowledged with; null while nobody knows whether it was stored. */
  seq: number | null;
  acknowledgedAt: number;
}

/** Somebody who sends through any node, and listens on one. */
interface Member {
  readonly name: string;
  readonly client: LetterlockClient;
  readonly log: EventLog;
}

/** What a client saw fail, although it tried again. */
interface Failure {
  readonly text: string;
  readonly error: unknown;
}

/**
 * Members of several rooms, one of them hot, who write down what they send before they send it and what was acknowledged
 * after, and everything they are told: what nodes that come and go are held against.
 */
export class ClusterLedger {
  readonly entries: Entry[] = [];
  readonly failures: Failure[] = [];
  /** Sessions that were lost, by the name of their user. */
  readonly lostSessions: string[] = [];
  private readonly cluster: Cluster;
  private readonly members: Member[] = [];
  private rooms: string[] = [];
  private isStopped = false;
  private storm: Promise<unknown> = Promise.resolve();

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** Makes the members, two for each node, and three rooms, and lets everybody listen. */
  static async open(cluster: Cluster, options: { relogin?: boolean } = {}): Promise<ClusterLedger> {
    const ledger = new ClusterLedger(cluster);
    const places = cluster.nodes.flatMap((node) => [node, node]);
    await Promise.all(places.map((node, at) => ledger.join(`member${at}`, node, options.relogin ?? false)));
    const [first, ...others] = ledger.members;
    assert.ok(first);
    for (const name of ['hot', 'mild', 'cool']) {
      const { room } = await first.client.rooms.create({ room: name, kind: 'open' });
      ledger.rooms.push(room);
      await Promise.all(others.map(({ client }) => client.rooms.join(room)));
    }
    for (const { client, log } of ledger.members) log.follow(client);
    await eventually('every reader is connected', () =>
      ledger.members.every(({ log }) => log.connections > 0),
    );
    return ledger;
  }

  get acknowledged(): number {
    let count = 0;
    for (const { seq } of this.entries) if (seq !== null) count += 1;
    return count;
  }

  /** Lets everybody send, most of it to the hot room, until `stop`. */
  start(): void {
    this.isStopped = false;
    this.storm = Promise.all(this.members.map((member) => this.sendOn(member)));
  }

  /** Until so many more are acknowledged. */
  async more(count: number): Promise<void> {
    const enough = this.acknowledged + count;
    await eventually(`${count} more messages are acknowledged`, () => this.acknowledged >= enough, 90_000);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.storm;
  }

  /** Ends the streams, and what is still on its way. */
  async close(): Promise<void> {
    await this.stop();
    await Promise.all(this.members.map(({ log }) => log.stop()));
  }

  /**
   * Asks again for everything unknown, then holds what every node has stored, and what every reader was told, against
   * what was written down.
   *
   * @returns milliseconds from the acknowledgement to the last of the readers, for the slowest messages
   */
  async check(): Promise<{ messages: number; slowest: number; again: number }> {
    let again = 0;
    for (const entry of this.entries) {
      if (entry.seq !== null) continue;
      again += 1;
      await this.send(entry);
    }
    let slowest = 0;
    const readers = await Promise.all(this.cluster.nodes.map((node) => this.readerAt(node)));
    for (const room of this.rooms) {
      const [history = [], ...others] = await Promise.all(readers.map((reader) => textsIn(reader, room)));
      for (const other of others) assert.deepEqual(other, history, 'one order on every node');
      const own = this.entries.filter((entry) => entry.room === room);
      assert.equal(history.length, own.length, 'everything that was sent is there once');
      for (const { seq, text } of own) assert.equal(history[(seq ?? 0) - 1], text, `acknowledged as ${seq}`);
      for (const { name, log } of this.members) {
        await eventually(`${name} was told everything`, () => log.textsOf(room).length >= history.length);
        assert.deepEqual(log.textsOf(room), history, `${name} was told everything, in order and once`);
        for (const { seq, acknowledgedAt } of own)
          slowest = Math.max(slowest, log.toldAt(room, seq ?? 0) - acknowledgedAt);
      }
    }
    return { messages: this.entries.length, slowest: Math.round(slowest), again };
  }

  /** Whether every reader was told of something since then. */
  allToldSince(time: number): boolean {
    return this.members.every(({ log }) => log.latestAt > time);
  }

  /** Every stream as it is now: whether a later one has taken its place, and how long after it was told of the end. */
  streamsHere(): { isBack: () => boolean; returnedAfter: () => number | null }[] {
    return this.members.map(({ log }) => {
      const before = log.shutdowns.length;
      return {
        isBack: () => {
          const toldAt = log.shutdowns[before];
          return toldAt === undefined || log.connectedAt > toldAt;
        },
        returnedAfter: () => {
          const toldAt = log.shutdowns[before];
          return toldAt === undefined ? null : log.connectedAt - toldAt;
        },
      };
    });
  }

  private async join(name: string, node: ClusterNode, relogin: boolean): Promise<void> {
    const credentials = { username: name, password: passwordOf(name) };
    const client = await clientOf(
      this.cluster.nodes,
      { streamsFrom: node },
      {
        onSessionLost: () => void this.lostSessions.push(name),
        ...(relogin ? { credentials: () => credentials } : {}),
      },
    );
    await client.register({ ...credentials, email: emailOf(name) });
    this.members.push({ name, client, log: new EventLog() });
  }

  private async sendOn(sender: Member): Promise<void> {
    while (!this.isStopped) {
      const number = this.entries.length;
      const chance = Math.random();
      const [hot = '', mild = '', cool = ''] = this.rooms;
      const room = chance < 0.7 ? hot : chance < 0.9 ? mild : cool;
      const entry: Entry = {
        sender,
        room,
        text: `${number} from ${sender.name}`,
        idem: `ledger-entry-no-${number}`,
        seq: null,
        acknowledgedAt: 0,
      };
      this.entries.push(entry);
      await this.send(entry).catch((error: unknown) => this.failures.push({ text: entry.text, error }));
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 60));
    }
  }

  private async send(entry: Entry): Promise<void> {
    const { sender, room, text, idem } = entry;
    const { seq } = await sender.client.messages.send({ room, message: text }, { idem });
    entry.seq = seq;
    entry.acknowledgedAt = performance.now();
  }

  /** Somebody who asks this node and no other. */
  private async readerAt(only: ClusterNode): Promise<LetterlockClient> {
    const reader = await clientOf(this.cluster.nodes, { only });
    const username = this.members[0]?.name ?? '';
    await reader.login({ username, password: passwordOf(username) });
    return reader;
  }
}

/** The room's texts in order. */
async function textsIn(reader: LetterlockClient, room: string): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const page = await reader.messages.list({ room, afterSeq: texts.length, limit: 200 });
    for (const { seq, message } of page.messages) {
      assert.equal(seq, texts.length + 1, 'numbers without gap or repeat');
      texts.push(message ?? '');
    }
    if (!page.has_more) return texts;
  }
}
