import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Refusal } from '../../../src/core/errors.ts';
import { type RateLimit, enforcer, limits, unlimited } from '../../../src/core/limits/limits.ts';

const limit: RateLimit = { name: 'tests', burst: 1, perMinute: 1, withoutRedis: 'open' };

describe('enforcing a limit', () => {
  test('asks the limiter, with the time of the clock', async () => {
    const asked: unknown[] = [];
    const limiter = { take: (...question: unknown[]) => (asked.push(question), 0) };
    await enforcer(limiter, { now: () => 1234 })(limit, 'subject');
    assert.deepEqual(asked, [[limit, 'subject', 1234]]);
  });

  test('refuses with whole seconds, rounded up, at least one', async () => {
    for (const [wait, seconds] of [
      [1, 1],
      [0.5, 1],
      [1000, 1],
      [1001, 2],
      [59_500, 60],
    ] as const) {
      const limiters = [{ take: () => wait }, { take: () => Promise.resolve(wait) }];
      for (const limiter of limiters) {
        await assert.rejects(
          enforcer(limiter, { now: () => 0 })(limit, 'subject'),
          (error) =>
            error instanceof Refusal && error.code === 'rate_limited' && error.members.retryAfter === seconds,
        );
      }
    }
  });

  test('counts what it refuses, by the name of the limit', async () => {
    const waits = [0, 5, 5];
    const limited = new Map<string, number>();
    const enforce = enforcer({ take: () => waits.shift() ?? 0 }, { now: () => 0 }, limited);
    await enforce(limit, 'subject');
    assert.deepEqual([...limited], []);
    for (let count = 0; count < 2; count++) await assert.rejects(enforce(limit, 'subject'));
    assert.deepEqual([...limited], [['tests', 2]]);
  });

  test('refuses nothing where limits are off', async () => {
    const enforce = enforcer(unlimited, { now: () => 0 });
    for (let count = 0; count < 100; count++) await enforce(limit, 'subject');
  });
});

test('each limit has a name of its own and lets something through', () => {
  const all: RateLimit[] = Object.values(limits);
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
  for (const { burst, perMinute } of all) assert.ok(burst >= 1 && perMinute > 0);
});
