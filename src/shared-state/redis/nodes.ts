import type { Clock, Timers } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import type { NodeParts } from '../../core/nodes/nodes.ts';
import type { Redis } from './redis.ts';
import { RedisFanOut } from './fan-out.ts';
import { RedisLeases } from './leases.ts';
import { RedisPresence } from './presence.ts';

/** What a node shares with the others by Redis. The connection is the caller's to open and to close. */
export function redisNodes(
  connection: Redis,
  parts: { nodeId: string; clock: Clock; timers: Timers; random: () => number; logger: Logger },
): NodeParts {
  const { nodeId, clock, timers, random } = parts;
  return {
    id: nodeId,
    fanOut: new RedisFanOut(connection, parts),
    presence: new RedisPresence(connection, nodeId, clock),
    leases: new RedisLeases(connection, parts),
    timers,
    random,
  };
}
