import assert from 'node:assert/strict';
import { type TestContext, describe, test } from 'node:test';
import type { Redis } from '../../../src/shared-state/redis/redis.ts';
import { redisNodes } from '../../../src/shared-state/redis/nodes.ts';
import { systemTimers } from '../../../src/system-clock.ts';
import {
  type SeveralNodes,
  type TestNode,
  callerOf,
  commonRoom,
  severalNodes,
} from '../../support/several-nodes.ts';
import { connectRedis, freshPrefix } from '../../support/shared-redis.ts';
import { silentLogger } from '../../support/silent-logger.ts';

/** Nodes over a Redis, each with a connection of its own. */
export async function setUp(t: TestContext, url: string) {
  const prefix = freshPrefix();
  const several = await severalNodes();
  const connections: Redis[] = [];
  t.after(async () => {
    await several.end();
    for (const connection of connections) connection.stop();
  });
  const node = async (id: string): Promise<TestNode & { connection: Redis }> => {
    const connection = await connectRedis(url, prefix);
    connections.push(connection);
    const { clock } = several;
    const parts = { nodeId: id, clock, timers: systemTimers, random: () => 0.5, logger: silentLogger };
    return { ...(await several.node(redisNodes(connection, parts))), connection };
  };
  const [a, b] = [await node('a'), await node('b')];
  const [ada, bert] = [await several.user('ada'), await several.user('bert')];
  const room = await commonRoom(several.store.read);
  return { several, a, b, ada, bert, room, prefix };
}

/** Lets time pass, on the clock that is moved and on the real one, until it holds. */
export async function eventually(
  several: SeveralNodes,
  holds: () => boolean | Promise<boolean>,
  step = 0,
): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await holds())) {
    assert.ok(Date.now() < end, 'it comes to that in the end');
    await several.pass(step);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * Nodes that share a Redis.
 *
 * @param askEach asks every server
 */
export function nodesContract(
  name: string,
  skip: string | false,
  redis: { url: () => string; askEach: (connection: Redis, args: string[]) => Promise<unknown[]> },
): void {
  describe(`nodes over ${name}`, { skip }, () => {
    test('hear of each other at once, by channels that tell nobody else anything', async (t) => {
      const { several, a, b, ada, bert, room, prefix } = await setUp(t, redis.url());
      const listening = await b.connect(bert, 'bert');
      const spied: Buffer[] = [];
      const spy = await connectRedis(redis.url(), prefix);
      t.after(() => spy.stop());
      await spy.subscribe(spy.key('live', `room:${room}`), (message) => spied.push(message));
      const number = async (): Promise<number> => {
        const asked = ['PUBSUB', 'SHARDNUMSUB', spy.key('live', `room:${room}`)];
        const counts = (await redis.askEach(spy, asked)) as [string, number][];
        return counts.reduce((all, [, count]) => all + count, 0);
      };
      await eventually(several, async () => (await number()) === 2);
      await a.core.sendMessage(callerOf(ada), { room }, 'hello over there');
      await eventually(several, () => listening.texts(room).length === 1);
      assert.deepEqual(listening.texts(room), ['hello over there']);
      assert.ok(spied.length > 0 && !Buffer.concat(spied).includes('hello'));
      const before = listening.events.length;
      const channel = spy.key('live', `room:${room}`);
      for (const bytes of [Buffer.alloc(3), Buffer.from('{}'), spied[0]!]) await spy.publish(channel, bytes);
      await a.core.sendMessage(callerOf(ada), { room }, 'and goodbye');
      await eventually(several, () => listening.events.length > before);
      assert.deepEqual(listening.texts(room), ['hello over there', 'and goodbye']);
      await a.core.moderation.kill('console', 'bert', 'restart your client');
      await eventually(several, () => listening.ended.length > 0);
      // Who has gone leaves no subscription behind.
      await several.pass(6_000);
      await eventually(several, async () => (await number()) === 1);
    });

    test('know together who is online', async (t) => {
      const { several, a, b, ada, bert, room } = await setUp(t, redis.url());
      const watcher = await b.connect(bert, 'bert');
      await several.pass(1_000);
      await a.connect(ada, 'ada');
      const seen = (): boolean[] =>
        watcher.events.flatMap((event) =>
          event.kind === 'presence' && event.username === 'ada' ? [event.online] : [],
        );
      await eventually(several, () => seen().length > 0, 50);
      await b.connect(ada, 'ada');
      await several.pass(1_000);
      assert.deepEqual(seen(), [true]);
      assert.deepEqual(await b.core.onlineUsernames(callerOf(bert)), ['ada', 'bert']);
      await eventually(several, async () => (await a.core.online.countsIn([room])).get(room) === 2, 500);
    });
  });
}
