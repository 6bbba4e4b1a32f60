import { type RequestListener, type Server, createServer } from 'node:http';
import { Server as TlsServer, createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { type ErrorCode, Refusal } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { problemOf } from './problem.ts';

export interface ListenerOptions {
  readonly fetch: Parameters<typeof getRequestListener>[0];
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** PEM; null listens in the clear. */
  readonly tls: { readonly keyPem: string; readonly certificatePem: string } | null;
  readonly logger: Logger;
  /** Called for each request that is refused because it cannot be read. */
  readonly onUnreadable?: (code: ErrorCode) => void;
  /** The variable that says where to listen, for the error when that is not possible. */
  readonly variable?: string;
  /** How long the headers of a request may take. Default 10 s */
  readonly headersMilliseconds?: number;
  /** How long a whole request may take to arrive. Default 15 s */
  readonly requestMilliseconds?: number;
}

/** An HTTP listener that is accepting. */
export interface Listener {
  /** Where it can be reached from this machine. */
  readonly url: string;
  /** Takes another certificate for connections to come. */
  setCertificate(tls: { readonly keyPem: string; readonly certificatePem: string }): void;
  /** Accepts no more, lets what is in flight finish within the time, then cuts off the rest. */
  drain(milliseconds: number): Promise<void>;
  /** Makes each answer from now on the last one of its connection: a kept one may be closed just when it is used again. */
  releaseConnections(): void;
}

/** How long a connection on which nothing was asked may still ask something when the server stops. */
const silentMilliseconds = 300;

/** Starts to listen. @throws the system's error, e.g. EADDRINUSE */
export async function listen(options: ListenerOptions): Promise<Listener> {
  let keepsConnections = true;
  const server = serverFor(options, () => keepsConnections && server.listening);
  server.requestTimeout = options.requestMilliseconds ?? 15_000;
  server.headersTimeout = options.headersMilliseconds ?? 10_000;
  server.keepAliveTimeout = 65_000;
  // A client that stops reading its answer holds nothing for longer than this.
  server.setTimeout(120_000);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const code = refuseUnreadable(error, socket);
    if (code !== null) options.onUnreadable?.(code);
  });
  server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => reject(Object.assign(error, { variable: options.variable }));
    server.once('error', fail);
    server.listen({ host: options.host, port: options.port, backlog: 1024 }, () => {
      server.off('error', fail);
      resolve();
    });
  });
  const sockets = new Set<Socket>();
  server.on(options.tls === null ? 'connection' : 'secureConnection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('error', (error) => options.logger.error('the listener failed', { error }));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${options.tls === null ? 'http' : 'https'}://${reachable(options.host)}:${port}`,
    setCertificate: ({ keyPem, certificatePem }) => {
      if (server instanceof TlsServer) {
        server.setSecureContext({ key: keyPem, cert: certificatePem, minVersion: 'TLSv1.2' });
      }
    },
    releaseConnections: () => {
      keepsConnections = false;
    },
    drain: async (milliseconds) => {
      // Node counts a connection as busy on which nothing was ever asked; what is on its way may still arrive.
      const letGo = setTimeout(
        () => {
          for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
        },
        Math.min(milliseconds, silentMilliseconds),
      );
      await drain(server, milliseconds);
      clearTimeout(letGo);
    },
  };
}

function serverFor(
  { fetch, tls, requestMilliseconds }: ListenerOptions,
  keepsConnections: () => boolean,
): Server {
  const handle = getRequestListener(fetch);
  const onRequest: RequestListener = (incoming, outgoing) => {
    if (!keepsConnections()) outgoing.setHeader('Connection', 'close');
    void handle(incoming, outgoing);
  };
  const common = {
    // How often Node looks for requests that are over their time.
    connectionsCheckingInterval: Math.min(1000, (requestMilliseconds ?? 15_000) / 4),
    noDelay: true,
    keepAlive: true,
  };
  return tls === null
    ? createServer(common, onRequest)
    : createTlsServer(
        { ...common, key: tls.keyPem, cert: tls.certificatePem, minVersion: 'TLSv1.2' },
        onRequest,
      );
}

/**
 * Answers what is no HTTP request, or one that came too slowly, as far as the socket still takes an answer. Returns the
 * code, or null where it does not.
 */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): ErrorCode | null {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return null;
  }
  const refusal = new Refusal(codeFor(error.code), { detail: 'This is no request that could be read' });
  const body = JSON.stringify(problemOf(refusal));
  socket.end(
    [
      `HTTP/1.1 ${refusal.status} Refused`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  return refusal.code;
}

function codeFor(reason: string | undefined): ErrorCode {
  if (reason === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request_timeout';
  if (reason === 'HPE_HEADER_OVERFLOW') return 'headers_too_large';
  return 'payload_malformed';
}

async function drain(server: Server, milliseconds: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection whose last request is answered only now is idle only now.
  const sweep = setInterval(() => server.closeIdleConnections(), 20);
  const cutOff = setTimeout(() => server.closeAllConnections(), milliseconds);
  await closed;
  clearInterval(sweep);
  clearTimeout(cutOff);
}

/** A listener on every address is reached on the loopback one. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
