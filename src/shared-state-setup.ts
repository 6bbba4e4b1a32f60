import type { Config } from './config.ts';
import type { Clock, Timers } from './core/clock.ts';
import { type GuessBlocks, noGuessBlocks } from './core/limits/guess-blocks.ts';
import { type RateLimiter, unlimited } from './core/limits/limits.ts';
import type { Logger } from './core/logger.ts';
import type { NodeParts } from './core/nodes/nodes.ts';
import type { OneTimeValues } from './core/nodes/one-time-values.ts';
import { type RandomBytes, newId } from './core/random.ts';
import type { SharedSessions } from './core/sessions/shared-sessions.ts';
import { MemoryRateLimiter } from './shared-state/memory-rate-limiter.ts';
import type { Redis } from './shared-state/redis/redis.ts';

/** What several nodes agree on for a while, or this one keeps for itself. */
export interface SharedStateParts {
  /** Null where this is the only node. */
  readonly sessions: SharedSessions | null;
  /** Null where this is the only node. */
  readonly oneTimeValues: OneTimeValues | null;
  readonly rateLimiter: RateLimiter;
  readonly guessBlocks: GuessBlocks;
  /** For what else nodes tell each other; null where this is the only node. */
  readonly redis: Redis | null;
  /** @throws Error while the node cannot serve for want of it */
  readonly check: () => Promise<void>;
  readonly stop: () => void;
}

/**
 * Opens what the configuration asks for. A Redis that is away now is waited for by who needs it: the server starts, and
 * says that it is not ready.
 *
 * @param prefix tells the keys from whatever else is in there
 */
export async function openSharedState(
  config: Config,
  logger: Logger,
  { clock, timers }: { clock: Clock; timers: Timers },
  prefix = 'll:',
): Promise<SharedStateParts> {
  if (config.redis === null) {
    return {
      sessions: null,
      oneTimeValues: null,
      rateLimiter: config.limits ? new MemoryRateLimiter() : unlimited,
      guessBlocks: noGuessBlocks,
      redis: null,
      check: async () => {},
      stop: () => {},
    };
  }
  // Whoever has one machine never loads the client.
  const { openRedis } = await import('./shared-state/redis/open.ts');
  const opened = await openRedis({
    place: { urls: config.redis.urls.map((url) => url.reveal()), isCluster: config.redis.isCluster },
    prefix,
    logger: logger.child('redis'),
    clock,
    timers,
  });
  return { ...opened, rateLimiter: config.limits ? opened.rateLimiter : unlimited };
}

/** What a node shares with the others; nothing where it is the only one. */
export async function openNodes(
  redis: Redis | null,
  parts: { clock: Clock; timers: Timers; random: RandomBytes; logger: Logger },
): Promise<NodeParts | null> {
  if (redis === null) return null;
  const { redisNodes } = await import('./shared-state/redis/nodes.ts');
  const { clock, timers, random } = parts;
  const logger = parts.logger.child('redis');
  return redisNodes(redis, { nodeId: newId(random), clock, timers, random: Math.random, logger });
}
