import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { RedisOneTimeValues } from '../../../src/shared-state/redis/one-time-values.ts';
import { PrivateRedis } from '../../support/redis-server.ts';
import { connectRedis, freshPrefix, testRedisUrl, withoutRedis } from '../../support/shared-redis.ts';

describe('a value that is given out once', { skip: withoutRedis }, () => {
  test('is given to one of those who ask at the same time, on any node', async (t) => {
    const prefix = freshPrefix();
    const nodes = await Promise.all([0, 1, 2].map(() => connectRedis(testRedisUrl, prefix)));
    t.after(() => nodes.forEach((node) => node.stop()));
    const values = nodes.map((node) => new RedisOneTimeValues(node));
    const value = randomBytes(40);
    for (let round = 0; round < 20; round++) {
      await values[round % 3]!.put('name', value, 60_000);
      const given = await Promise.all([...values, ...values].map((each) => each.take('name')));
      assert.deepEqual(
        given.filter((each) => each !== null),
        [value],
      );
    }
  });

  test('is gone when its time is over', async (t) => {
    const redis = await connectRedis();
    t.after(() => redis.stop());
    const values = new RedisOneTimeValues(redis);
    await values.put('name', Buffer.from('x'), 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(await values.take('name'), null);
  });

  test('is given to nobody when Redis is set back to before it was taken', async (t) => {
    const server = await PrivateRedis.start();
    if (server === null) return t.skip('no redis-server to start');
    t.after(() => server.stop());
    const first = await connectRedis(server.url, 'x:');
    await new RedisOneTimeValues(first).put('name', Buffer.from('x'), 60_000);
    await server.ask('SAVE');
    assert.deepEqual(await new RedisOneTimeValues(first).take('name'), Buffer.from('x'));
    first.stop();
    await server.kill();
    await server.run();
    assert.equal(await server.ask('EXISTS', 'x:once:{name}'), 1);
    const again = await connectRedis(server.url, 'x:');
    t.after(() => again.stop());
    assert.equal(await new RedisOneTimeValues(again).take('name'), null);
  });
});
