import type { ListenConfig } from '../../config-listeners.ts';
import type { GatewayParts, RunningGateway } from '../gateway-parts.ts';
import { listenOnSocket } from '../socket/listener.ts';
import { Conversation } from './conversation.ts';
import { bannedAddressObject } from './kept-out.ts';

/** Between two objects: the existing clients take what one read gives them for one object. */
export const apartMilliseconds = 10;

/** Lets clients of the `rooms` kind in (GATEWAYS.md). @throws the system's error, e.g. EADDRINUSE */
export async function startRooms(listen: ListenConfig, parts: GatewayParts): Promise<RunningGateway> {
  const { timers, logger, tls } = parts;
  const { bans, hub } = parts.core;
  const conversations = new Set<Conversation>();
  const listener = await listenOnSocket({
    name: 'rooms',
    host: listen.host,
    port: listen.port,
    tls: listen.secure ? tls : null,
    logger,
    bans,
    trustProxy: parts.trustProxy,
    timers,
    apartMilliseconds,
    onTooSlow: () => hub.noteTooSlow({ way: 'rooms' }),
    accept: (peer) => {
      const conversation = new Conversation(peer, parts);
      conversations.add(conversation);
      void conversation.ended.then(() => conversations.delete(conversation));
      return conversation;
    },
    refuse: (peer) => {
      const object = bannedAddressObject(bans, peer.address);
      if (object !== null) peer.send(object);
    },
  });
  return {
    url: listener.url,
    setCertificate: (certificate) => listener.setCertificate(certificate),
    drain: async (milliseconds) => {
      await listener.drain(milliseconds);
      // What was read is written down before the store closes.
      await Promise.all([...conversations].map(({ ended }) => ended));
    },
  };
}
