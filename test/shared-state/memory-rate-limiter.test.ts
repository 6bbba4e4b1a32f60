import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { RateLimit } from '../../src/core/limits/limits.ts';
import { MemoryRateLimiter } from '../../src/shared-state/memory-rate-limiter.ts';

const limit: RateLimit = { name: 'tests', burst: 5, perMinute: 60 };
const start = 1_800_000_000_000;

describe('the rate limiter in memory', () => {
  test('allows a burst, then as many as the rate lets come', () => {
    const limiter = new MemoryRateLimiter();
    const take = (after: number): number => limiter.take(limit, 'a', start + after);
    for (let count = 0; count < 5; count++) assert.equal(take(0), 0);
    assert.equal(take(0), 1000);
    assert.equal(take(400), 600);
    assert.equal(take(1000), 0);
    assert.equal(take(1000), 1000);
    assert.equal(take(3000), 0);
    assert.equal(take(3000), 0);
    assert.equal(take(3000), 1000);
  });

  test('does not charge what it refuses', () => {
    const limiter = new MemoryRateLimiter();
    for (let count = 0; count < 5; count++) limiter.take(limit, 'a', start);
    for (let count = 0; count < 1000; count++) assert.equal(limiter.take(limit, 'a', start), 1000);
    assert.equal(limiter.take(limit, 'a', start + 1000), 0);
  });

  test('allows when the time it named has come', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3000 }),
        fc.double({ min: 0.1, max: 60_000, noNaN: true }),
        fc.integer({ min: 0, max: 2 ** 41 }),
        (burst, perMinute, now) => {
          const limiter = new MemoryRateLimiter();
          const odd: RateLimit = { name: 'odd', burst, perMinute };
          for (let count = 0; count < burst; count++) assert.equal(limiter.take(odd, 'a', now), 0);
          const step = 60_000 / perMinute;
          const wait = limiter.take(odd, 'a', now);
          if (step >= 2) assert.ok(Math.abs(wait - step) < 1, `${wait} instead of ${step}`);
          if (wait > 0) assert.equal(limiter.take(odd, 'a', Math.ceil(now + wait)), 0);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('never allows more than the burst and what the time brings', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 1500 }), { maxLength: 200 }), (pauses) => {
        const limiter = new MemoryRateLimiter();
        let now = start;
        let allowed = 0;
        for (const pause of pauses) {
          now += pause;
          if (limiter.take(limit, 'a', now) === 0) allowed += 1;
          assert.ok(allowed <= 5 + (now - start + 1) / 1000);
        }
      }),
    );
  });

  test('counts subjects and limits apart', () => {
    const limiter = new MemoryRateLimiter();
    for (let count = 0; count < 6; count++) limiter.take(limit, 'a', start);
    assert.equal(limiter.take(limit, 'b', start), 0);
    assert.equal(limiter.take({ ...limit, name: 'others' }, 'a', start), 0);
    assert.ok(limiter.take(limit, 'a', start) > 0);
  });

  test('does not wait for a clock that was set back', () => {
    const limiter = new MemoryRateLimiter();
    for (let count = 0; count < 5; count++) limiter.take(limit, 'a', start);
    assert.equal(limiter.take(limit, 'a', start - 86_400_000), 1000);
    assert.equal(limiter.take(limit, 'a', start - 86_400_000 + 1000), 1000);
    limiter.take(limit, 'a', start - 86_400_000 + 5000);
  });

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
    const overall: RateLimit = { name: 'overall', burst: 10, perMinute: 10 };
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
