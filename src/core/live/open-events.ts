import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import type { Clock } from '../clock.ts';
import { type EnforceLimit, limits } from '../limits/limits.ts';
import { refuseMoreConnections } from './connection-limit.ts';
import type { Hub } from './hub.ts';
import { permit } from '../rooms/permissions.ts';
import { findRoom, presentReader } from '../rooms/places.ts';
import type { Reader } from '../store.ts';

/** What a stream of events is to carry. */
export interface EventPlan {
  readonly userId: string;
  readonly username: string;
  readonly address: string;
  /** Ids of the only rooms it is about; null for all of the user's. */
  readonly rooms: ReadonlySet<string> | null;
}

/** Checks a request for events. @throws Refusal `room_unknown`, `not_a_member` and its kin, `rate_limited` */
export function planEvents(dependencies: {
  read: Reader;
  clock: Clock;
  enforce: EnforceLimit;
  hub: Hub;
  /** Connections that one user may have at once. */
  maxConnections: number;
}) {
  const { read, clock, enforce, hub, maxConnections } = dependencies;
  return async (caller: Caller, rooms: readonly string[] | null): Promise<EventPlan> => {
    const userId = userIdOf(caller);
    await enforce(limits.streamsOfUser, userId);
    refuseMoreConnections(hub, userId, maxConnections);
    const user = await presentReader(read, userId);
    const { address } = caller;
    const plan = { userId, username: user.username ?? '', address };
    if (rooms === null) return { ...plan, rooms: null };
    const ids = new Set<string>();
    for (const name of rooms) {
      const room = await findRoom(read, name);
      permit('read', { room, membership: await read.memberships.find(room.id, userId) }, 'user', clock.now());
      ids.add(room.id);
    }
    return { ...plan, rooms: ids };
  };
}
