import type { Hub } from './hub.ts';

/** Answers who is online, for what is shown to people. */
export interface WhoIsOnline {
  /** Of the users named, those online. */
  among(userIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Ids of some of those online, at most so many. */
  some(limit: number): Promise<string[]>;
  /** How many are online. */
  total(): Promise<number>;
  /** By room, how many of its members are online; what is not in it is 0. */
  countsIn(roomIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
}

/** For a single node, which knows them all. */
export function onlineHere(hub: Hub): WhoIsOnline {
  return {
    among: async (userIds) => new Set(userIds.filter((userId) => hub.isOnline(userId))),
    some: async (limit) => hub.someOnline(limit),
    total: async () => hub.onlineUsers,
    countsIn: async (roomIds) => new Map(roomIds.map((roomId) => [roomId, hub.onlineIn(roomId)])),
  };
}
