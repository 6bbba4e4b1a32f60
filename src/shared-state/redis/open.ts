import type { Clock, Timers } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { MemoryRateLimiter } from '../memory-rate-limiter.ts';
import { redisAddress } from './address.ts';
import { RedisCluster } from './cluster/cluster-connection.ts';
import { RedisConnection } from './connection.ts';
import { RedisGuessBlocks } from './guess-blocks.ts';
import { RedisOneTimeValues } from './one-time-values.ts';
import { RedisRateLimiter } from './rate-limiter.ts';
import type { Redis } from './redis.ts';
import { RedisSessions } from './sessions/redis-sessions.ts';

/** How Redis is reached. */
export interface RedisPlace {
  readonly urls: readonly string[];
  /** Whether the URLs are of servers of a cluster, and not of the only one. */
  readonly isCluster: boolean;
}

/** What asks Redis, not started. */
export function makeRedis(
  { urls, isCluster }: RedisPlace,
  parts: { readonly prefix: string; readonly logger: Logger; readonly timers: Timers },
): Redis {
  if (isCluster) return new RedisCluster({ ...parts, seeds: urls });
  return new RedisConnection({ ...parts, address: redisAddress(urls[0] ?? '') });
}

/** Everything that nodes share in Redis. */
export async function openRedis(options: {
  readonly place: RedisPlace;
  readonly prefix: string;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly timers: Timers;
}) {
  const redis = makeRedis(options.place, options);
  await redis.start();
  return {
    redis,
    sessions: new RedisSessions(redis, options.clock),
    oneTimeValues: new RedisOneTimeValues(redis),
    rateLimiter: new RedisRateLimiter(redis, new MemoryRateLimiter()),
    guessBlocks: new RedisGuessBlocks(redis),
    check: () => redis.check(),
    stop: () => redis.stop(),
  };
}
