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
import { isLong, rounds } from '../support/long.ts';
import { SealedClient, clientKeys } from '../support/sealed-client.ts';
import type { ServiceLink } from '../support/service-link.ts';

/** How long what is needed stays away. */
const awayMilliseconds = isLong ? 5_000 : 1_500;
/** A refusal that comes later is of no use to whoever waits. */
const refusalMilliseconds = 8_000;

describe('nodes that are cut off from what they share', { skip: skipWithoutCluster }, () => {
  let cluster: Cluster;
  let ledger: ClusterLedger;
  before(async () => {
    cluster = await startCluster();
    ledger = await ClusterLedger.open(cluster, { relogin: true });
    ledger.start();
  });
  after(async () => {
    await ledger?.close();
    await cluster?.end();
  });

  /** Takes something away from nodes and gives it back, while everybody sends. */
  async function without(
    t: { diagnostic(text: string): void },
    nodes: readonly ClusterNode[],
    away: { take(): Promise<void>; giveBack(): Promise<void> },
  ): Promise<void> {
    await ledger.more(30);
    const before = ledger.acknowledged;
    await away.take();
    try {
      // Whoever comes first, and whoever comes when it is known.
      const first = await Promise.all(nodes.map((node) => refusal(node)));
      await Promise.all(
        nodes.map((node) => eventually('it says that it is not ready', async () => !(await node.isReady()))),
      );
      const later = await Promise.all(nodes.map((node) => refusal(node)));
      t.diagnostic(
        `refused after ${first.map(Math.round).join(', ')} ms, then ${later.map(Math.round).join(', ')} ms`,
      );
      await new Promise((resolve) => setTimeout(resolve, awayMilliseconds));
    } finally {
      await away.giveBack();
    }
    const givenBackAt = performance.now();
    const meanwhile = ledger.acknowledged - before;
    await cluster.allReady();
    await eventually('everybody is told of what is said after it', () => ledger.allToldSince(givenBackAt));
    const goneOn = Math.round(performance.now() - givenBackAt);
    t.diagnostic(`${meanwhile} acknowledged meanwhile; all readers were told again after ${goneOn} ms`);
    await ledger.more(30);
  }

  /** A node that cannot serve says so, and when to ask again. @returns after how many milliseconds */
  async function refusal(node: ClusterNode): Promise<number> {
    const startedAt = performance.now();
    const public_key = clientKeys().publicKey.export({ format: 'jwk' });
    const answer = await fetch(`${node.url}/create_session_key`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ public_key }),
    });
    // Without a database a session can still be opened: nothing can be done in it.
    if (answer.status === 200) {
      await answer.body?.cancel();
      const client = await SealedClient.open(node.url);
      const register = { username: 'nobody', email: 'nobody@example.org', password: 'a fine long secret' };
      const { status, headers } = await client.call('/register_user', register);
      assert.equal(status, 503);
      assert.ok(Number(headers.get('retry-after')) >= 1);
    } else {
      assert.equal(answer.status, 503);
      assert.ok(Number(answer.headers.get('retry-after')) >= 1);
      await answer.body?.cancel();
    }
    const milliseconds = performance.now() - startedAt;
    assert.ok(milliseconds < refusalMilliseconds, `refused after ${milliseconds} ms`);
    return milliseconds;
  }

  const links = (...names: readonly ('redisLink' | 'databaseLink')[]) => ({
    of: async (
      nodes: readonly ClusterNode[],
      act: (link: ServiceLink) => Promise<void> | void,
    ): Promise<void> => {
      for (const node of nodes) for (const name of names) await act(node[name]);
    },
  });

  for (const [what, ...names] of [
    ['Redis', 'redisLink'],
    ['PostgreSQL', 'databaseLink'],
    ['both', 'redisLink', 'databaseLink'],
  ] as const) {
    test(`one without ${what} says so, and goes on by itself`, async (t) => {
      const nodes = cluster.nodes.slice(0, 1);
      await without(t, nodes, {
        take: () => links(...names).of(nodes, (link) => link.cut()),
        giveBack: () => links(...names).of(nodes, (link) => link.mend()),
      });
    });
  }

  for (const [what, name] of [
    ['Redis', 'redisLink'],
    ['PostgreSQL', 'databaseLink'],
  ] as const) {
    test(`one whose way to ${what} swallows everything goes on too`, async (t) => {
      const nodes = cluster.nodes.slice(1, 2);
      await without(t, nodes, {
        take: () => links(name).of(nodes, (link) => link.stall()),
        giveBack: () => links(name).of(nodes, (link) => link.mend()),
      });
    });
  }

  test('one whose way to PostgreSQL breaks again and again, in the middle of commits, goes on too', async () => {
    const [node] = cluster.nodes as [ClusterNode];
    for (let time = 0; time < rounds(12, 60); time++) {
      await ledger.more(3 + Math.floor(Math.random() * 5));
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
      await node.databaseLink.cut();
      await node.databaseLink.mend();
    }
    await cluster.allReady();
    assert.deepEqual(ledger.failures, [], 'no request that was tried again failed');
  });

  test('all of them without PostgreSQL go on when it is back', async (t) => {
    await without(t, cluster.nodes, {
      take: async () => {
        await links('databaseLink').of(cluster.nodes, (link) => link.cut());
        await cluster.database.cutOff();
      },
      giveBack: () => links('databaseLink').of(cluster.nodes, (link) => link.mend()),
    });
  });

  test('all of them without Redis go on when another one is there, in new sessions', async (t) => {
    await without(t, cluster.nodes, {
      take: () => cluster.redis.kill(),
      giveBack: async () => {
        assert.ok(await cluster.redis.run());
      },
    });
  });

  test('nothing of all that has cost a message, or brought one twice', async (t) => {
    await ledger.stop();
    const { messages, again } = await ledger.check();
    t.diagnostic(
      `${messages} messages, ${again} of them asked for again; lost ${ledger.lostSessions.length}`,
    );
    assert.deepEqual(ledger.failures, [], 'no request that was tried again failed');
  });
});
