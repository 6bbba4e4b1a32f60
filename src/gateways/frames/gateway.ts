import type { GatewayListenConfig } from '../../config-listeners.ts';
import { keptOutCode } from '../../core/live/events.ts';
import type { GatewayParts, RunningGateway } from '../gateway-parts.ts';
import { listenOnSocket } from '../socket/listener.ts';
import { encodeFrame } from './codec.ts';
import { FramesConnection } from './connection.ts';
import { Directory } from './directory.ts';
import { Histories } from './histories.ts';
import { farewell } from './texts.ts';

/** Opens the gateway for clients that speak binary frames. @throws the listener's system error */
export async function openFrames(
  listen: GatewayListenConfig,
  given: GatewayParts & { readonly sendsLinks: boolean },
): Promise<RunningGateway> {
  const { core, timers, logger } = given;
  const directory = new Directory(given);
  const parts = { ...given, directory, histories: new Histories(given) };
  const connections = new Set<FramesConnection>();
  let sessions = 0;
  // Where other nodes count too, chance keeps two from the same number; old clients read 31 bits.
  const nextSession =
    core.nodes === null ? () => ++sessions : () => given.random(4).readUInt32BE() >>> 1 || 1;
  const listener = await listenOnSocket({
    name: 'frames',
    host: listen.host,
    port: listen.port,
    tls: listen.secure ? given.tls : null,
    timers,
    logger,
    bans: core.bans,
    trustProxy: given.trustProxy,
    onTooSlow: () => core.hub.noteTooSlow({ way: 'frames' }),
    accept: (peer) => {
      const connection = new FramesConnection(parts, peer, nextSession);
      connections.add(connection);
      return {
        onBytes: (bytes) => connection.onBytes(bytes),
        onClose: () => {
          connection.onClose();
          void connection.settled().finally(() => connections.delete(connection));
        },
      };
    },
    refuse: (peer) => {
      const ban = core.bans.ofAddress(peer.address);
      if (ban === null) return;
      const msg = farewell({ kind: keptOutCode(ban.kind), reason: ban.reason, until: ban.until });
      peer.send(encodeFrame('DIS', { msg }));
    },
  });
  return {
    url: listener.url,
    setCertificate: (tls) => listener.setCertificate(tls),
    drain: async (milliseconds) => {
      for (const connection of connections) connection.stop();
      await listener.drain(milliseconds);
      directory.stop();
      await Promise.all([...connections].map((connection) => connection.settled()));
    },
  };
}
