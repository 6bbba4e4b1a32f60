import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { RateLimit, RateLimiter } from '../../src/core/limits/limits.ts';

const limit: RateLimit = { name: 'tests', burst: 5, perMinute: 60, withoutRedis: 'open' };
const start = 1_800_000_000_000;

/** What every rate limiter has to do, wherever it counts. */
export function rateLimiterContract(
  name: string,
  skip: string | false,
  open: () => Promise<{ limiter: RateLimiter; end: () => void }>,
): void {
  describe(`the rate limiter ${name}`, { skip }, () => {
    let limiter: RateLimiter;
    let end = (): void => {};
    let subjects = 0;
    const newSubject = (): string => `subject ${subjects++} {with} signs`;
    const takeAtStart = async (subject: string, times: number): Promise<void> => {
      for (let count = 0; count < times; count++) await limiter.take(limit, subject, start);
    };
    before(async () => {
      ({ limiter, end } = await open());
    });
    after(() => end());

    test('allows a burst, then as many as the rate lets come', async () => {
      const subject = newSubject();
      const take = async (later: number): Promise<number> => limiter.take(limit, subject, start + later);
      for (let count = 0; count < 5; count++) assert.equal(await take(0), 0);
      assert.equal(await take(0), 1000);
      assert.equal(await take(400), 600);
      assert.equal(await take(1000), 0);
      assert.equal(await take(1000), 1000);
      assert.equal(await take(3000), 0);
      assert.equal(await take(3000), 0);
      assert.equal(await take(3000), 1000);
    });

    test('does not charge what it refuses', async () => {
      const subject = newSubject();
      await takeAtStart(subject, 5);
      for (let count = 0; count < 200; count++) {
        assert.equal(await limiter.take(limit, subject, start), 1000);
      }
      assert.equal(await limiter.take(limit, subject, start + 1000), 0);
    });

    test('allows when the time it named has come', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 100 }),
          fc.double({ min: 0.1, max: 60_000, noNaN: true }),
          fc.integer({ min: 0, max: 2 ** 41 }),
          async (burst, perMinute, now) => {
            const odd: RateLimit = { name: 'odd', burst, perMinute, withoutRedis: 'open' };
            const subject = newSubject();
            for (let count = 0; count < burst; count++) {
              assert.equal(await limiter.take(odd, subject, now), 0);
            }
            const step = 60_000 / perMinute;
            const wait = await limiter.take(odd, subject, now);
            if (step >= 2) assert.ok(Math.abs(wait - step) < 1, `${wait} instead of ${step}`);
            if (wait > 0) assert.equal(await limiter.take(odd, subject, Math.ceil(now + wait)), 0);
          },
        ),
        { numRuns: 50 },
      );
    });

    test('never allows more than the burst and what the time brings', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat({ max: 1500 }), { maxLength: 100 }), async (pauses) => {
          const subject = newSubject();
          let now = start;
          let allowed = 0;
          for (const pause of pauses) {
            now += pause;
            if ((await limiter.take(limit, subject, now)) === 0) allowed += 1;
            assert.ok(allowed <= 5 + (now - start + 1) / 1000);
          }
        }),
        { numRuns: 50 },
      );
    });

    test('allows a burst and no more to who asks many times at once', async () => {
      const subject = newSubject();
      const waits = await Promise.all(
        Array.from({ length: 100 }, async () => limiter.take(limit, subject, start)),
      );
      assert.equal(waits.filter((wait) => wait === 0).length, 5);
    });

    test('counts subjects and limits apart', async () => {
      const subject = newSubject();
      await takeAtStart(subject, 6);
      assert.equal(await limiter.take(limit, newSubject(), start), 0);
      assert.equal(await limiter.take({ ...limit, name: 'others' }, subject, start), 0);
      assert.ok((await limiter.take(limit, subject, start)) > 0);
    });

    test('does not wait for a clock that was set back', async () => {
      const subject = newSubject();
      await takeAtStart(subject, 5);
      assert.equal(await limiter.take(limit, subject, start - 86_400_000), 1000);
      assert.equal(await limiter.take(limit, subject, start - 86_400_000 + 1000), 1000);
      await limiter.take(limit, subject, start - 86_400_000 + 5000);
    });
  });
}
