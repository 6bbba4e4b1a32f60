import type { Config } from './config.ts';
import { type GatewayListenConfig, isLoopback } from './config-listeners.ts';
import { AddressRanges } from './core/addresses.ts';
import type { Logger } from './core/logger.ts';
import { startChateau } from './gateways/chateau/gateway.ts';
import { startChatroom } from './gateways/chatroom/chatroom.ts';
import type { GatewayParts, RunningGateway } from './gateways/gateway-parts.ts';
import { startRooms } from './gateways/rooms/gateway.ts';
import { type VwsParts, type VwsRoute, vwsRoutes } from './gateways/vws/door.ts';
import { openFrames } from './gateways/frames/gateway.ts';
import { openResetPages } from './http/reset/listener.ts';

/** The other ways in, as they are served. */
export interface GatewayDoors {
  /** Where each can be reached from this machine, by name. */
  readonly urls: Readonly<Record<string, string>>;
  /** The same for people. */
  readonly ways: readonly { readonly name: string; readonly url: string; readonly how: string }[];
  /** Takes another certificate for connections to come. */
  setCertificate(tls: GatewayParts['tls']): void;
  /** Accepts no more, lets what was sent be read within the time, then closes. */
  drain(milliseconds: number): Promise<void>;
}

interface Door {
  readonly name: string;
  /** The variable that says where it listens. */
  readonly variable: string;
  readonly listen: GatewayListenConfig | null;
  /** What a person does to come in by it; null where nobody does without a link. */
  readonly how: string | null;
  readonly start: (listen: GatewayListenConfig, parts: GatewayParts) => Promise<RunningGateway>;
}

/** Every gateway there is. */
function doorsOf(config: Config): readonly Door[] {
  const { gateways } = config;
  const sendsLinks = gateways.reset !== null || config.resetUrl !== null;
  return [
    {
      // First, so that it is there before anybody can ask for a link to it.
      name: 'reset',
      variable: 'LISTEN_RESET',
      listen: gateways.reset,
      how: null,
      start: openResetPages,
    },
    {
      name: 'frames',
      variable: 'LISTEN_FRAMES',
      listen: gateways.frames,
      how: 'binary frames over TLS, with a certificate that the server has made for itself',
      start: (listen, parts) => openFrames(listen, { ...parts, sendsLinks }),
    },
    {
      name: 'chateau',
      variable: 'LISTEN_CHATEAU',
      listen: gateways.chateau,
      how: 'JSON over a WebSocket; as a guest, with an account, or with the LDAP of your organisation',
      start: startChateau,
    },
    {
      name: 'chatroom',
      variable: 'LISTEN_CHATROOM',
      listen: gateways.chatroom,
      how: 'JSON objects over a plain connection, everyone in one room; as a guest or with an account',
      start: (listen, parts) => startChatroom(listen, parts, { minVersion: gateways.chatroomMinVersion }),
    },
    {
      name: 'rooms',
      variable: 'LISTEN_ROOMS',
      listen: gateways.rooms,
      how: 'JSON objects over a plain connection; sign up there, or sign in with any account',
      start: startRooms,
    },
  ];
}

/**
 * Opens every gateway that the configuration has.
 *
 * @throws the listener's system error, with the variable's name as `variable`
 */
export async function openGateways(
  config: Config,
  logger: Logger,
  parts: Omit<GatewayParts, 'logger' | 'guests' | 'trustProxy'>,
): Promise<GatewayDoors> {
  const running = new Map<string, RunningGateway>();
  const ways: { name: string; url: string; how: string }[] = [];
  const drain = async (milliseconds: number): Promise<void> => {
    await Promise.all([...running.values()].map((gateway) => gateway.drain(milliseconds)));
  };
  const trustProxy = new AddressRanges(config.trustProxy);
  for (const { name, variable, listen, how, start } of doorsOf(config)) {
    if (listen === null) continue;
    if (!listen.secure && !isLoopback(listen)) {
      logger.warn(`${variable}: what is said there travels in the clear, passwords too`, {
        host: listen.host,
      });
    }
    try {
      const gateway = await start(listen, {
        ...parts,
        trustProxy,
        guests: config.gateways.guests,
        logger: logger.child(name),
      });
      running.set(name, gateway);
      if (how !== null) ways.push({ name, url: gateway.url, how });
      logger.info('listening', { gateway: name, url: gateway.url });
    } catch (error) {
      await drain(0);
      throw error instanceof Error ? Object.assign(error, { variable }) : error;
    }
  }
  if (config.gateways.vws) {
    const how = 'below the address of the sealed API, for apps that know no other; their cipher is weak';
    ways.push({ name: 'vws', url: '/vws', how });
  }
  return {
    ways,
    urls: Object.fromEntries([...running].map(([name, { url }]) => [name, url])),
    setCertificate: (tls) => {
      for (const gateway of running.values()) gateway.setCertificate?.(tls);
    },
    drain,
  };
}

/** The gateways that are paths of the HTTP listener, as far as the configuration has them. */
export function mountedGateways(config: Config, logger: Logger, parts: VwsParts): readonly VwsRoute[] {
  if (!config.gateways.vws) return [];
  logger.warn(
    'VWS_COMPAT=on: /vws is served, whose cipher shows repeated blocks and does not notice tampering; turn it off once no old client is left',
  );
  return vwsRoutes(parts);
}
