import { Refusal } from '../errors.ts';
import type { Hub } from './hub.ts';

/** @throws Refusal `rate_limited` where the user has as many connections as they may have */
export function refuseMoreConnections(hub: Hub, userId: string, maxConnections: number): void {
  if (hub.connectionsOf(userId) < maxConnections) return;
  throw new Refusal('rate_limited', { detail: 'Too many connections at once', retryAfter: 60 });
}
