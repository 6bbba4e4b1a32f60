import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { type AddressRanges, clientAddress } from '../../core/addresses.ts';
import type { Clock, Timers } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import type { BanList } from '../../core/moderation/ban-list.ts';
import { TurnEnd } from '../socket/turn-end.ts';
import { type Page, pageFor } from './page.ts';
import { ClosingWebSocket, WebSocketPeer, type WebSocketProtocol, closeCodes } from './web-socket-peer.ts';

export interface WebSocketListenerOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Where the WebSocket is. */
  readonly path: string;
  /** PEM; null listens in the clear. */
  readonly tls: { readonly keyPem: string; readonly certificatePem: string } | null;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly bans: BanList;
  /** Proxies whose `X-Forwarded-For` is believed. */
  readonly trustProxy: AddressRanges;
  /** Bytes of one message; a longer one ends its connection. Default 64 KiB */
  readonly maxMessageBytes?: number;
  /** Connections at once; more are closed. Default 20,000 */
  readonly maxConnections?: number;
  /** The protocol of a new connection. */
  readonly accept: (peer: WebSocketPeer) => WebSocketProtocol;
}

/** A gateway's WebSocket that is accepting. */
export interface WebSocketListener {
  /** Where it can be reached from this machine. */
  readonly url: string;
  /** Takes another certificate for connections to come. */
  setCertificate(tls: { keyPem: string; certificatePem: string }): void;
  /** Accepts no more, lets what was sent be read within the time, then closes. */
  drain(milliseconds: number): Promise<void>;
}

/** What there is from connecting to being logged in. */
const entryMilliseconds = 30_000;
/** How often connections are looked at for who has gone silently. */
const lookMilliseconds = 1_000;
const handshakeMilliseconds = 10_000;
const minVersion = 'TLSv1.2';
/** Turns of the event loop that a WebSocket may take to notice that its socket is closed. */
const mostTurns = 1_000;

/** Starts to listen. @throws the system's error, e.g. EADDRINUSE */
export async function listenForWebSockets(options: WebSocketListenerOptions): Promise<WebSocketListener> {
  const { path, tls, timers, clock, bans, logger, trustProxy } = options;
  const peers = new Set<WebSocketPeer>();
  const deadlines = new Map<Duplex, () => void>();
  const turnEnd = new TurnEnd();
  const upgrader = new WebSocketServer({
    noServer: true,
    maxPayload: options.maxMessageBytes ?? 64 * 1024,
    perMessageDeflate: false,
    clientTracking: false,
    autoPong: false,
    WebSocket: ClosingWebSocket,
  });
  const server = serverFor(tls, (request, response) => {
    send(response, request.method, pageFor(request.method ?? '', pathOf(request), path));
  });
  server.maxConnections = options.maxConnections ?? 20_000;
  server.on(tls === null ? 'connection' : 'secureConnection', (socket: Socket) => {
    socket.on('error', () => socket.destroy());
    deadlines.set(
      socket,
      timers.setTimeout(() => socket.destroy(), entryMilliseconds),
    );
    socket.once('close', () => {
      deadlines.get(socket)?.();
      deadlines.delete(socket);
    });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const forwardedFor = request.headersDistinct['x-forwarded-for']?.join(',');
    const address = clientAddress({ peer: socket.remoteAddress ?? '', forwardedFor, trusted: trustProxy });
    if (pathOf(request) !== path) return refuse(socket, '404 Not Found');
    if (bans.ofAddress(address) !== null) return refuse(socket, '403 Forbidden');
    upgrader.handleUpgrade(request, socket, head, (webSocket) => {
      const cancelDeadline = deadlines.get(socket) ?? ((): void => {});
      deadlines.delete(socket);
      const peer = new WebSocketPeer(webSocket, socket, address, cancelDeadline, { timers, clock, turnEnd });
      peers.add(peer);
      webSocket.once('close', () => peers.delete(peer));
      peer.start(options.accept(peer));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.host, port: options.port, backlog: 1024 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => logger.error('the listener failed', { error }));

  let cancelLook = (): void => {};
  const lookLater = (): void => {
    cancelLook = timers.setTimeout(() => {
      const now = clock.now();
      for (const peer of peers) peer.look(now);
      lookLater();
    }, lookMilliseconds);
  };
  lookLater();

  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `${tls === null ? 'ws' : 'wss'}://${host}:${port}${path}`,
    setCertificate: ({ keyPem, certificatePem }) => {
      if (!('setSecureContext' in server)) return;
      (server as ReturnType<typeof createTlsServer>).setSecureContext({
        key: keyPem,
        cert: certificatePem,
        minVersion,
      });
    },
    drain: async (milliseconds) => {
      cancelLook();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Pages are answered at once: what has not become a WebSocket by now has asked nothing.
      for (const socket of deadlines.keys()) socket.destroy();
      for (const peer of peers) peer.close(closeCodes.goingAway, 'the server stops');
      const cutOff = setTimeout(() => {
        for (const peer of peers) peer.destroy();
      }, milliseconds);
      await closed;
      clearTimeout(cutOff);
      // A WebSocket says a moment after its socket that it is closed, and what hangs on it is known only then.
      for (let turn = 0; peers.size > 0 && turn < mostTurns; turn++) await nextTurn();
    },
  };
}

type OnRequest = (request: IncomingMessage, response: ServerResponse) => void;

function serverFor(tls: WebSocketListenerOptions['tls'], onRequest: OnRequest): Server {
  const common = {
    noDelay: true,
    headersTimeout: handshakeMilliseconds,
    requestTimeout: handshakeMilliseconds,
  };
  if (tls === null) return createServer(common, onRequest);
  const server = createTlsServer(
    {
      ...common,
      key: tls.keyPem,
      cert: tls.certificatePem,
      minVersion,
      handshakeTimeout: handshakeMilliseconds,
    },
    onRequest,
  );
  // Plain bytes to a TLS port, a peer that goes away in the middle: nothing to do but close.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('connection', (socket: Socket) => socket.on('error', () => socket.destroy()));
  return server;
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? '';
}

function send(response: ServerResponse, method: string | undefined, { status, headers, body }: Page): void {
  const length = String(Buffer.byteLength(body));
  // A body that comes with the request is not read: the connection ends with the answer.
  response.writeHead(status, { ...headers, 'Content-Length': length, Connection: 'close' });
  response.end(method === 'HEAD' ? undefined : body);
}

function refuse(socket: Socket, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.resume();
}
