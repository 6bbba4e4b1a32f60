import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type Cluster,
  type ClusterNode,
  eventually,
  skipWithoutCluster,
  startCluster,
} from '../support/cluster.ts';
import { ClusterLedger } from '../support/cluster-ledger.ts';
import { EventReader } from '../support/event-reader.ts';
import { rounds } from '../support/long.ts';
import { registered } from '../support/sealed-client.ts';

/** The limit is 5 s; here other tests run beside it. */
const goesOnMilliseconds = 15_000;

describe('nodes that go and come back under load', { skip: skipWithoutCluster }, () => {
  let cluster: Cluster;
  let ledger: ClusterLedger;
  before(async () => {
    cluster = await startCluster();
    ledger = await ClusterLedger.open(cluster);
    ledger.start();
  });
  after(async () => {
    await ledger?.close();
    await cluster?.end();
  });

  for (let round = 0; round < rounds(1, 3); round++) {
    test(`killed, one takes nothing with it, round ${round + 1}`, async (t) => {
      await ledger.more(60 + Math.floor(Math.random() * 100));
      const node = cluster.nodes[round % cluster.nodes.length] as ClusterNode;
      const killedAt = performance.now();
      await node.stop('SIGKILL');
      await eventually('everybody is told of what is said after it', () => ledger.allToldSince(killedAt));
      const goneOn = Math.round(performance.now() - killedAt);
      t.diagnostic(`all readers were told again after ${goneOn} ms`);
      assert.ok(goneOn < goesOnMilliseconds);
      await ledger.more(60);
      await node.start();
    });
  }

  for (let round = 0; round < rounds(1, 2); round++) {
    test(`told to stop one after the other, they hand everything on, round ${round + 1}`, async (t) => {
      const returns: number[] = [];
      const asked = new Set<number>();
      for (const [at, node] of cluster.nodes.entries()) {
        const watcher = await EventReader.open(await registered(node.url, `watcher-${round}-${at}`));
        const streams = ledger.streamsHere();
        assert.equal(await node.stop('SIGTERM'), 0, node.log);
        await watcher.ended;
        assert.ok(watcher.returnAfter !== null, 'streams are told when to come back');
        asked.add(watcher.returnAfter);
        await ledger.more(20);
        await node.start();
        await eventually('it is ready', () => node.isReady());
        await eventually('every stream is back', () => streams.every(({ isBack }) => isBack()));
        returns.push(...streams.flatMap(({ returnedAfter }) => returnedAfter() ?? []));
      }
      const sorted = returns.map(Math.round).sort((one, other) => one - other);
      t.diagnostic(`streams came back after ${sorted.join(', ')} ms`);
      assert.ok(sorted.length >= cluster.nodes.length);
      assert.equal(asked.size, cluster.nodes.length, 'each at another time');
    });
  }

  test('all of it cost no message, no session, and no request that was tried again', async (t) => {
    await ledger.stop();
    const { messages, slowest, again } = await ledger.check();
    t.diagnostic(`${messages} messages, the slowest told after ${slowest} ms, ${again} asked for again`);
    assert.deepEqual(ledger.failures, []);
    assert.deepEqual(ledger.lostSessions, []);
  });
});
