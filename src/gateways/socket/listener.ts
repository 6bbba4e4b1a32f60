import { type AddressInfo, type Socket, createServer } from 'node:net';
import { type Server as TlsServer, createServer as createTlsServer } from 'node:tls';
import type { AddressRanges } from '../../core/addresses.ts';
import type { Logger } from '../../core/logger.ts';
import type { BanList } from '../../core/moderation/ban-list.ts';
import { whenAnnounced } from './announced-address.ts';
import { Peer, type PeerSettings, type Protocol } from './peer.ts';
import { TurnEnd } from './turn-end.ts';

export interface SocketListenerOptions extends PeerSettings {
  /** The gateway's name, for the log. */
  readonly name: string;
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** PEM; null listens in the clear. */
  readonly tls: { readonly keyPem: string; readonly certificatePem: string } | null;
  readonly logger: Logger;
  readonly bans: BanList;
  /** Load balancers that are believed when they say whose connection it is. */
  readonly trustProxy: AddressRanges;
  /** Connections at once; more are closed. Default 20,000 */
  readonly maxConnections?: number;
  /** The protocol of a new connection. */
  readonly accept: (peer: Peer) => Protocol;
  /** What a banned address is told before it is closed. */
  readonly refuse: (peer: Peer) => void;
}

/** A gateway's socket that is accepting. */
export interface SocketListener {
  /** Where it can be reached from this machine, e.g. `tcp://127.0.0.1:5555`. */
  readonly url: string;
  /** How many connections there are. */
  readonly connections: () => number;
  /** Takes another certificate for connections to come. */
  setCertificate(tls: { keyPem: string; certificatePem: string }): void;
  /** Accepts no more, lets what was sent be read within the time, then closes. */
  drain(milliseconds: number): Promise<void>;
}

/** How often it is noted for how long connections have been silent. */
const passMilliseconds = 60_000;
/** How long a TLS handshake may take. */
const handshakeMilliseconds = 10_000;

/** Starts to listen. @throws the system's error, e.g. EADDRINUSE */
export async function listenOnSocket(options: SocketListenerOptions): Promise<SocketListener> {
  const peers = new Set<Peer>();
  const peerOptions = { ...options, turnEnd: new TurnEnd() };
  const accept = (socket: Socket, address: string): void => {
    const peer = new Peer(socket, address, peerOptions);
    peers.add(peer);
    socket.once('close', () => peers.delete(peer));
    if (options.bans.ofAddress(peer.address) !== null) {
      options.refuse(peer);
      peer.end();
      return;
    }
    peer.start(options.accept(peer));
  };
  const secure = options.tls === null ? null : secureServer(options.tls, accept);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    whenAnnounced(socket, { trusted: options.trustProxy, timers: options.timers }, (address) => {
      if (secure !== null) return secure.take(socket, address);
      accept(socket, address);
      socket.resume();
    });
  });
  server.maxConnections = options.maxConnections ?? 20_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.host, port: options.port, backlog: 1024 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => options.logger.error('the listener failed', { error }));
  let cancelPassing = (): void => {};
  const passLater = (): void => {
    cancelPassing = options.timers.setTimeout(() => {
      for (const peer of peers) peer.pass(passMilliseconds);
      passLater();
    }, passMilliseconds);
  };
  passLater();
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `${options.tls === null ? 'tcp' : 'tls'}://${host}:${port}`,
    connections: () => peers.size,
    setCertificate: (tls) => secure?.server.setSecureContext(secureContext(tls)),
    drain: async (milliseconds) => {
      cancelPassing();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const peer of peers) peer.end();
      const cutOff = setTimeout(() => {
        for (const peer of peers) peer.destroy();
      }, milliseconds);
      await closed;
      clearTimeout(cutOff);
    },
  };
}

/** A server that does not listen itself: it is handed connections, and hands on what is said in them under TLS. */
function secureServer(
  tls: NonNullable<SocketListenerOptions['tls']>,
  accept: (socket: Socket, address: string) => void,
): { server: TlsServer; take: (socket: Socket, address: string) => void } {
  // Node does not tell which connection a secured one is made of, but that their other ends are the same.
  const addresses = new Map<string, string>();
  const server = createTlsServer(
    { ...secureContext(tls), handshakeTimeout: handshakeMilliseconds, allowHalfOpen: true },
    (socket) => accept(socket, addresses.get(otherEnd(socket)) ?? ''),
  );
  // Plain bytes to a TLS port, a peer that goes away in the middle: nothing to do but close.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return {
    server,
    take: (socket, address) => {
      const end = otherEnd(socket);
      addresses.set(end, address);
      socket.once('close', () => addresses.delete(end));
      socket.on('error', () => socket.destroy());
      server.emit('connection', socket);
    },
  };
}

function otherEnd({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function secureContext({ keyPem, certificatePem }: NonNullable<SocketListenerOptions['tls']>) {
  return { key: keyPem, cert: certificatePem, minVersion: 'TLSv1.2' } as const;
}
