import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RateLimit } from '../../../src/core/limits/limits.ts';
import { MemoryRateLimiter } from '../../../src/shared-state/memory-rate-limiter.ts';
import { RedisAway } from '../../../src/shared-state/redis/redis-away.ts';
import { RedisRateLimiter } from '../../../src/shared-state/redis/rate-limiter.ts';
import { connectRedis, freshPrefix, testRedisUrl, withoutRedis } from '../../support/shared-redis.ts';
import { rateLimiterContract } from '../rate-limiter-contract.ts';

const now = 1_800_000_000_000;

rateLimiterContract('in Redis', withoutRedis, async () => {
  const redis = await connectRedis();
  return { limiter: new RedisRateLimiter(redis, new MemoryRateLimiter()), end: () => redis.stop() };
});

describe('the rate limiter in Redis', { skip: withoutRedis }, () => {
  test('counts what several nodes allow together', async (t) => {
    const prefix = freshPrefix();
    const limit: RateLimit = { name: 'tests', burst: 10, perMinute: 1, withoutRedis: 'open' };
    const nodes = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const redis = await connectRedis(testRedisUrl, prefix);
        t.after(() => redis.stop());
        return new RedisRateLimiter(redis, new MemoryRateLimiter());
      }),
    );
    const waits = await Promise.all(
      Array.from({ length: 90 }, async (_, count) => nodes[count % 3]?.take(limit, 'a', now)),
    );
    assert.equal(waits.filter((wait) => wait === 0).length, 10);
  });

  test('does without Redis what the limit says', async () => {
    const redis = await connectRedis();
    const limiter = new RedisRateLimiter(redis, new MemoryRateLimiter());
    redis.stop();
    const open: RateLimit = { name: 'open', burst: 2, perMinute: 1, withoutRedis: 'open' };
    assert.equal(await limiter.take(open, 'a', now), 0);
    assert.equal(await limiter.take(open, 'a', now), 0);
    assert.ok((await limiter.take(open, 'a', now)) > 0, 'a limit for this node remains');
    await assert.rejects(limiter.take({ ...open, name: 'shut', withoutRedis: 'shut' }, 'a', now), RedisAway);
  });
});
