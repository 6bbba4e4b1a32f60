import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PrivateRedis } from '../../support/redis-server.ts';
import { callerOf } from '../../support/several-nodes.ts';
import { testRedisUrl, withoutRedis } from '../../support/shared-redis.ts';
import { eventually, nodesContract, setUp } from './nodes-contract.ts';

nodesContract('Redis', withoutRedis, {
  url: () => testRedisUrl,
  askEach: async (connection, args) => [await connection.command(args)],
});

describe('nodes over a Redis that dies', { skip: withoutRedis }, () => {
  test('lose nothing, and find together again', async (t) => {
    const redis = await PrivateRedis.start();
    if (redis === null) return t.skip('no redis-server to start');
    t.after(() => redis.stop());
    const { several, a, b, ada, bert, room } = await setUp(t, redis.url);
    const listening = await b.connect(bert, 'bert');
    await a.connect(ada, 'ada');
    await several.pass(1_000);
    await redis.kill();
    await eventually(several, () => !a.connection.isUp && !b.connection.isUp);
    const said = Array.from({ length: 20 }, (_, at) => `message ${at}`);
    for (const text of said) await a.core.sendMessage(callerOf(ada), { room }, text);
    await eventually(several, () => listening.texts(room).length === said.length, 100);
    assert.deepEqual(listening.texts(room), said, 'without it, by the store');
    const ban = { kind: 'kick', target: { username: 'bert' }, reason: 'a break', until: null } as const;
    await a.core.moderation.impose('console', { ...ban, until: several.clock.now() + 60_000 });
    await eventually(several, () => listening.ended.length > 0, 100);
    await redis.run();
    await eventually(several, () => a.connection.isUp && b.connection.isUp);
    await eventually(several, async () => (await b.core.online.among([ada])).has(ada), 500);
    await a.core.moderation.undo('console');
    const again = await b.connect(bert, 'bert');
    await several.pass(0);
    await a.core.sendMessage(callerOf(ada), { room }, 'back');
    await eventually(several, () => again.texts(room).length === 1, 100);
  });
});
