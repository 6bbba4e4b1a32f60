import type { RateLimit, RateLimiter } from '../../core/limits/limits.ts';
import type { Redis } from './redis.ts';
import { RedisAway } from './redis-away.ts';
import { redisScript } from './script.ts';

/**
 * The rule of the limiter in memory: one number, the time at which the bucket is full again.
 *
 * ARGV: the time, milliseconds of one, milliseconds of the whole bucket. Times have fractions, which a number that a
 * script returns would lose. The entry outlives its use by a minute, because the clocks of nodes differ.
 */
const takeScript = redisScript(`
local now, step, whole = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full = math.min(math.max(tonumber(redis.call('GET', KEYS[1]) or now), now), now + whole)
local wait = full + step - whole - now
if wait >= 1 then return string.format('%.17g', wait) end
redis.call('SET', KEYS[1], string.format('%.17g', full + step), 'PX', math.ceil(full + step - now) + 60000)
return '0'`);

/** Rate limits that all nodes count together. While Redis is away each limit does what it says of itself. */
export class RedisRateLimiter implements RateLimiter {
  private readonly redis: Redis;
  private readonly local: RateLimiter;

  /** @param local counts meanwhile where Redis is away, so that a limit for each node remains */
  constructor(redis: Redis, local: RateLimiter) {
    this.redis = redis;
    this.local = local;
  }

  async take(limit: RateLimit, subject: string, now: number): Promise<number> {
    const step = 60_000 / limit.perMinute;
    const key = this.redis.key('limit', `${limit.name}/${subject}`);
    // A limit that falls back need not wait for a connection.
    const patience = limit.withoutRedis === 'open' ? 0 : undefined;
    try {
      const args = [String(now), String(step), String(limit.burst * step)];
      return Number(await this.redis.run(takeScript, [key], args, patience));
    } catch (error) {
      if (!(error instanceof RedisAway) || limit.withoutRedis === 'shut') throw error;
      return this.local.take(limit, subject, now);
    }
  }
}
