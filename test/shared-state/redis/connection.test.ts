import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Redis, RedisListener } from '../../../src/shared-state/redis/redis.ts';
import { RedisAway } from '../../../src/shared-state/redis/redis-away.ts';
import { epochScript, redisScript } from '../../../src/shared-state/redis/script.ts';
import { PrivateRedis } from '../../support/redis-server.ts';
import { connectRedis, withoutRedis } from '../../support/shared-redis.ts';

describe('a connection to Redis', { skip: withoutRedis }, () => {
  test('runs a script that the server has not seen', async (t) => {
    const redis = await connected(t);
    const script = redisScript(`return {KEYS[1], ARGV[1], '${redis.key('nonce', 'x')}'}`);
    const key = redis.key('kind', 'subject');
    assert.deepEqual(await redis.run(script, [key], ['a']), [key, 'a', redis.key('nonce', 'x')]);
    assert.deepEqual(await redis.run(script, [key], ['b']), [key, 'b', redis.key('nonce', 'x')]);
  });

  test('hands the errors of a script on, and goes on', async (t) => {
    const redis = await connected(t);
    await assert.rejects(
      redis.run(redisScript(`return redis.error_reply('ODD thing')`), [], []),
      /ODD thing/,
    );
    assert.equal(await redis.command(['PING']), 'PONG');
  });

  for (const error of ['OOM command not allowed', 'BUSY Redis is busy running a script']) {
    test(`takes ${error.split(' ')[0]} for an absence that another connection would not end`, async (t) => {
      const redis = await connected(t);
      const { epoch } = redis;
      const failing = redisScript(`return redis.error_reply('${error}')`);
      await assert.rejects(redis.run(failing, [], []), RedisAway);
      assert.ok(redis.isUp);
      assert.equal(redis.epoch, epoch);
    });
  }

  test('gives a script of an epoch the epoch', async (t) => {
    const redis = await connected(t);
    const epoch = await redis.runInEpoch(epochScript('return {epoch, ARGV[2]}'), [], ['x']);
    assert.deepEqual(epoch, [redis.epoch, 'x']);
    assert.match(redis.epoch ?? '', /^[0-9a-f]{40}:[0-9a-f]{40}$/);
  });

  test('delivers what is published on a channel, bytes as they are, until it is unsubscribed', async (t) => {
    const redis = await connected(t);
    const channel = redis.key('channel', 'a');
    const got: Buffer[] = [];
    await redis.subscribe(channel, (message) => got.push(message));
    const bytes = Buffer.from([0, 255, 13, 10, 200]);
    assert.equal(await redis.publish(channel, bytes), 1);
    await redis.command(['PING']);
    await eventually(() => got.length === 1);
    assert.deepEqual(got, [bytes]);
    await redis.unsubscribe(channel);
    assert.equal(await redis.publish(channel, bytes), 0);
  });

  test('asks nobody before there is a connection', async () => {
    await assert.rejects(connectRedis('redis://127.0.0.1:1'), /no Redis/);
  });
});

describe('a connection to a Redis that comes and goes', { skip: withoutRedis }, async () => {
  const server = withoutRedis === false ? await PrivateRedis.start() : null;
  after(() => server?.stop());
  if (server === null) {
    test('it can be started here', { skip: 'no redis-server to start' }, () => {});
    return;
  }

  test('is told of a loss and a return, under another epoch, with its subscriptions', async (t) => {
    const redis = await connected(t, server.url);
    const events = record(redis);
    const before = redis.epoch;
    const channel = redis.key('channel', 'b');
    const got: string[] = [];
    await redis.subscribe(channel, (message) => got.push(message.toString()));
    await server.kill();
    await eventually(() => events.includes('lost'));
    assert.equal(redis.epoch, null);
    assert.equal(redis.isUp, false);
    await assert.rejects(redis.command(['PING'], 0), RedisAway);
    await server.run();
    await eventually(() => events.includes('subscribedAgain') && redis.isUp);
    assert.ok(events.includes('back'));
    assert.notEqual(redis.epoch, before);
    assert.equal(await redis.publish(channel, 'again'), 1);
    await eventually(() => got.length === 1);
  });

  test('a request waits a moment for it', async (t) => {
    const redis = await connected(t, server.url);
    const events = record(redis);
    await server.kill();
    await eventually(() => events.includes('lost'));
    const answer = redis.command(['PING'], 5_000);
    await server.run();
    assert.equal(await answer, 'PONG');
  });

  test('a server that stands still is given up, and what was asked of it with it', async (t) => {
    const redis = await connected(t, server.url);
    server.pause();
    const startedAt = performance.now();
    try {
      await assert.rejects(redis.command(['PING']), RedisAway);
      assert.ok(performance.now() - startedAt < 10_000);
      assert.equal(redis.epoch, null);
    } finally {
      server.resume();
    }
    await eventually(() => redis.isUp);
    assert.equal(await redis.command(['PING']), 'PONG');
  });

  test('a script is not run where the server became another behind the connection', async (t) => {
    const redis = await connected(t, server.url);
    const script = epochScript(`return redis.call('SET', KEYS[1], 'x')`);
    await redis.runInEpoch(script, [redis.key('k', 'a')], []);
    const before = redis.epoch;
    await server.ask('REPLICAOF', '127.0.0.1', '1');
    await server.ask('REPLICAOF', 'NO', 'ONE');
    await assert.rejects(redis.runInEpoch(script, [redis.key('k', 'b')], []), RedisAway);
    await eventually(() => redis.isUp);
    assert.notEqual(redis.epoch, before);
    await redis.runInEpoch(script, [redis.key('k', 'b')], []);
  });
});

async function connected(t: { after(done: () => void): void }, url?: string): Promise<Redis> {
  const redis = await connectRedis(url);
  t.after(() => redis.stop());
  return redis;
}

function record(redis: Redis): string[] {
  const events: string[] = [];
  const listener: Required<RedisListener> = {
    lost: () => events.push('lost'),
    back: () => events.push('back'),
    subscribedAgain: () => events.push('subscribedAgain'),
  };
  redis.listen(listener);
  return events;
}

async function eventually(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it never came about');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
