import { type RedisClientType, createClient } from '@redis/client';

/** Where Redis is, and how to make a client for it. */
export interface RedisAddress {
  /** A client that is not connected, and does not reconnect. */
  makeClient(): RedisClientType;
}

/**
 * Another server of the same cluster, reached in the same way and with the same password.
 *
 * @param url of one of them
 */
export function addressOfNode(url: string, { host, port }: { host: string; port: string }): RedisAddress {
  const node = new URL(url);
  node.hostname = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  node.port = port;
  return redisAddress(node.href);
}

/** Commands that wait for their answers on one connection; who comes beyond is refused. */
const maxInFlight = 20_000;

/** @param url `redis://` or `rediss://`, with user, password and database where they are needed */
export function redisAddress(url: string): RedisAddress {
  return {
    makeClient: () =>
      createClient({
        url,
        RESP: 3,
        disableOfflineQueue: true,
        commandsQueueMaxLength: maxInFlight,
        maintNotifications: 'disabled',
        disableClientInfo: true,
        name: 'letterlock',
        commandOptions: { timeout: 0 },
        socket: { reconnectStrategy: false, connectTimeout: 1_500 },
      }),
  };
}
