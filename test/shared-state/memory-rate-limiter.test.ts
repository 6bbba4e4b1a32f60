import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RateLimit } from '../../src/core/limits/limits.ts';
import { MemoryRateLimiter } from '../../src/shared-state/memory-rate-limiter.ts';
import { rateLimiterContract } from './rate-limiter-contract.ts';

const limit: RateLimit = { name: 'tests', burst: 5, perMinute: 60, withoutRedis: 'open' };
const start = 1_800_000_000_000;

rateLimiterContract('in memory', false, async () => ({ limiter: new MemoryRateLimiter(), end: () => {} }));

describe('what the rate limiter in memory remembers', () => {
  test('forgets subjects whose bucket is full, while others come', () => {
    const limiter = new MemoryRateLimiter();
    for (let count = 0; count < 10_000; count++) limiter.take(limit, `old ${count}`, start);
    assert.equal(limiter.size, 10_000);
    for (let count = 0; count < 10_000; count++) limiter.take(limit, `new ${count}`, start + 2000 + count);
    assert.ok(limiter.size < 3000, `${limiter.size}`);
  });

  test('remembers a bounded number of subjects', () => {
    const limiter = new MemoryRateLimiter({ capacity: 1000 });
    for (let count = 0; count < 20_000; count++) limiter.take(limit, `flood ${count}`, start);
    assert.equal(limiter.size, 1000);
    const late = Array.from({ length: 50 }, () => limiter.take(limit, 'late', start)).filter(
      (wait) => wait === 0,
    );
    assert.equal(late.length, 5);
  });

  test('does not let a flood push out who has used most, nor what another limit counts', () => {
    const limiter = new MemoryRateLimiter({ capacity: 1000 });
    const overall: RateLimit = { name: 'overall', burst: 10, perMinute: 10, withoutRedis: 'open' };
    let allowed = 0;
    for (let count = 0; count < 40; count++) {
      for (let use = 0; use < 5; use++) limiter.take(limit, `greedy ${count}`, start);
      for (let other = 0; other < 20; other++) limiter.take(limit, `other ${count} ${other}`, start);
    }
    for (let count = 0; count < 20_000; count++) {
      limiter.take(limit, `flood ${count}`, start);
      if (limiter.take(overall, 'all', start) === 0) allowed += 1;
    }
    assert.equal(allowed, 10);
    for (let count = 0; count < 40; count++) assert.ok(limiter.take(limit, `greedy ${count}`, start) > 0);
  });

  test('takes as long for a subject of many as for one of few', () => {
    const measure = (capacity: number): number => {
      const limiter = new MemoryRateLimiter({ capacity });
      for (let count = 0; count < capacity; count++) limiter.take(limit, `first ${count}`, start);
      const started = performance.now();
      for (let count = 0; count < 20_000; count++) limiter.take(limit, `flood ${count}`, start);
      return performance.now() - started;
    };
    measure(100);
    const few = Math.max(5, measure(100));
    const many = measure(50_000);
    assert.ok(many < few * 20, `${many} ms against ${few} ms`);
  });
});
