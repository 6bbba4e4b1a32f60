import { once } from 'node:events';
import net from 'node:net';

/** Stands between a store and the server, and can be cut. */
export interface CutProxy {
  readonly url: string;
  /** Refuses connections and ends those that are there. */
  cut(): Promise<void>;
  /** Keeps the connections, and lets nothing through any more. */
  stall(): void;
  /** Lets everything through again. */
  mend(): Promise<void>;
  /** Answers new connections as a server does that has as many as it takes. */
  takeNoMore(): void;
  /** Lets new connections through again. */
  takeMore(): void;
  /** How many connections go through it. */
  readonly count: number;
  /** Hands the next COMMIT to the server and ends its connection before the answer. */
  loseNextCommit(): void;
  end(): Promise<void>;
}

export async function startProxy(serverUrl: string): Promise<CutProxy> {
  const target = new URL(serverUrl);
  const sockets = new Set<net.Socket>();
  let losing = false;
  let isStalled = false;
  let isFull = false;
  const accept = (client: net.Socket): void => {
    if (isFull) {
      client.on('error', () => {});
      client.once('data', () => client.end(tooManyConnections));
      return;
    }
    const server = net.connect(Number(target.port || 5432), target.hostname);
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      sockets.add(socket);
      if (isStalled) socket.pause();
      socket.on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    let lost = false;
    client.on('data', (chunk) => {
      if (losing && chunk.includes('COMMIT\0')) {
        losing = false;
        lost = true;
      }
      server.write(chunk);
    });
    server.on('data', (chunk) => {
      if (lost) end();
      else client.write(chunk);
    });
  };
  let listener = net.createServer(accept).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as net.AddressInfo;
  const url = new URL(serverUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  const cut = async (): Promise<void> => {
    const closed = new Promise((resolve) => listener.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    url: url.href,
    cut,
    stall: () => {
      isStalled = true;
      for (const socket of sockets) socket.pause();
    },
    mend: async () => {
      isStalled = false;
      for (const socket of sockets) socket.resume();
      if (listener.listening) return;
      listener = net.createServer(accept).listen(port, '127.0.0.1');
      await once(listener, 'listening');
    },
    takeNoMore: () => {
      isFull = true;
    },
    takeMore: () => {
      isFull = false;
    },
    get count() {
      return sockets.size / 2;
    },
    loseNextCommit: () => {
      losing = true;
    },
    end: cut,
  };
}

const tooManyConnections = errorResponse({ S: 'FATAL', C: '53300', M: 'sorry, too many clients already' });

/** The message of the protocol that tells of an error. */
function errorResponse(fields: Record<string, string>): Buffer {
  const body = Buffer.from(
    `${Object.entries(fields)
      .map(([name, value]) => `${name}${value}\0`)
      .join('')}\0`,
  );
  const head = Buffer.from([0x45, 0, 0, 0, 0]);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
