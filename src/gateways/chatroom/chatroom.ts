import type { GatewayListenConfig } from '../../config-listeners.ts';
import type { GatewayParts, RunningGateway } from '../gateway-parts.ts';
import { listenOnSocket } from '../socket/listener.ts';
import { Conversation } from './conversation.ts';
import { way } from './going-in.ts';
import { words } from './words.ts';

/**
 * Serves clients of the `chatroom` kind (GATEWAYS.md, `chatroom`): JSON objects over TCP, everyone in one room.
 *
 * @param settings.minVersion clients that say they are older are turned away; null: none
 * @throws the listener's system error
 */
export async function startChatroom(
  listen: GatewayListenConfig,
  parts: GatewayParts,
  settings: { readonly minVersion: string | null },
): Promise<RunningGateway> {
  const conversations = new Set<Conversation>();
  const farewells = new Set<Promise<void>>();
  const conversationParts = {
    ...parts,
    ...settings,
    onEnd: (conversation: Conversation) => conversations.delete(conversation),
    onFarewell: (done: Promise<void>) => {
      farewells.add(done);
      void done.finally(() => farewells.delete(done));
    },
  };
  const listener = await listenOnSocket({
    name: way,
    host: listen.host,
    port: listen.port,
    tls: listen.secure ? parts.tls : null,
    logger: parts.logger,
    bans: parts.core.bans,
    trustProxy: parts.trustProxy,
    timers: parts.timers,
    onTooSlow: () => parts.core.hub.noteTooSlow({ way }),
    accept: (peer) => {
      const conversation = new Conversation(peer, conversationParts);
      conversations.add(conversation);
      return conversation;
    },
    refuse: (peer) => peer.send(words.banned),
  });
  return {
    url: listener.url,
    setCertificate: (tls) => listener.setCertificate(tls),
    drain: async (milliseconds) => {
      for (const conversation of [...conversations]) conversation.endedBy('stopping');
      await listener.drain(milliseconds);
      // What is under way is done, and names are given back, before the store closes.
      while (farewells.size > 0) await Promise.all(farewells);
    },
  };
}
