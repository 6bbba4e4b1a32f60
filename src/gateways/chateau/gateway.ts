import type { GatewayParts, RunningGateway } from '../gateway-parts.ts';
import type { GatewayListenConfig } from '../../config-listeners.ts';
import { ChateauSession } from './session.ts';
import { listenForWebSockets } from './web-socket-listener.ts';

/** Starts the `chateau` gateway: JSON over a WebSocket. @throws the system's error, e.g. EADDRINUSE */
export async function startChateau(
  listen: GatewayListenConfig,
  parts: GatewayParts,
): Promise<RunningGateway> {
  const leavings = new Set<Promise<void>>();
  const onLeft = (leaving: Promise<void>): void => {
    leavings.add(leaving);
    void leaving.then(() => leavings.delete(leaving));
  };
  const { timers, clock, logger } = parts;
  const listener = await listenForWebSockets({
    host: listen.host,
    port: listen.port,
    path: listen.path === '' ? '/' : listen.path,
    tls: listen.secure ? parts.tls : null,
    timers,
    clock,
    logger,
    bans: parts.core.bans,
    trustProxy: parts.trustProxy,
    accept: (peer) => new ChateauSession(peer, parts, onLeft),
  });
  return {
    url: listener.url,
    setCertificate: (tls) => listener.setCertificate(tls),
    drain: async (milliseconds) => {
      await listener.drain(milliseconds);
      // What is under way is done, and names are given back, before the store closes.
      while (leavings.size > 0) await Promise.all(leavings);
    },
  };
}
