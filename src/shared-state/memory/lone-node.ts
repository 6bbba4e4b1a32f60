import type { Clock, Timers } from '../../core/clock.ts';
import type { NodeParts } from '../../core/nodes/nodes.ts';
import { FanOutBus } from './fan-out-bus.ts';
import { PresenceBoard } from './presence-board.ts';

/**
 * For a single node on a store whose commits may be heard of in another order than they were made in: it shares nothing with
 * anybody, but tells messages in the order of their numbers, as one of several does.
 */
export function loneNode(parts: {
  nodeId: string;
  clock: Clock;
  timers: Timers;
  random: () => number;
}): NodeParts {
  const { nodeId, clock, timers, random } = parts;
  const board = new PresenceBoard(clock);
  return {
    id: nodeId,
    fanOut: new FanOutBus().join(),
    presence: board.presenceOf(nodeId),
    leases: board.leasesOf(nodeId),
    timers,
    random,
  };
}
