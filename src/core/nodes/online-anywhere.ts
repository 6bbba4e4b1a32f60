import type { Hub } from '../live/hub.ts';
import { type WhoIsOnline, onlineHere } from '../live/who-is-online.ts';
import type { Logger } from '../logger.ts';
import type { SharedPresence } from './shared-presence.ts';

/**
 * For one of several nodes: asks what all of them share at the time of the question. Nothing is held here, so that a node
 * costs the same however many users the others have. Where nobody answers, it is said who is online here.
 */
export function onlineAnywhere(hub: Hub, shared: SharedPresence, logger: Logger): WhoIsOnline {
  const here = onlineHere(hub);
  const orHere = async <Answer>(ask: () => Promise<Answer>, fallback: () => Promise<Answer>) => {
    try {
      return await ask();
    } catch (error) {
      logger.warn('who is online on other nodes is not known', { error });
      return fallback();
    }
  };
  return {
    among: async (userIds) => {
      const online = new Set(userIds.filter((userId) => hub.isOnline(userId)));
      const others = userIds.filter((userId) => !online.has(userId));
      if (others.length === 0) return online;
      const elsewhere = await orHere(
        () => shared.onlineAmong(others),
        async () => new Set<string>(),
      );
      for (const userId of elsewhere) online.add(userId);
      return online;
    },
    some: (limit) =>
      orHere(
        () => shared.some(limit),
        () => here.some(limit),
      ),
    total: () =>
      orHere(
        () => shared.total(),
        () => here.total(),
      ),
    countsIn: async (roomIds) => {
      const followed = roomIds.filter((roomId) => hub.feedOf(roomId) !== undefined);
      const counts = new Map(await here.countsIn(followed));
      const others = roomIds.filter((roomId) => !counts.has(roomId));
      if (others.length === 0) return counts;
      const elsewhere = await orHere(
        () => shared.counts(others),
        async () => new Map<string, Map<string, number>>(),
      );
      for (const [roomId, byNode] of elsewhere) {
        counts.set(
          roomId,
          [...byNode.values()].reduce((all, online) => all + online, 0),
        );
      }
      return counts;
    },
  };
}
