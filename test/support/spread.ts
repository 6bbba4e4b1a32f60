import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http';
import {
  type AddressInfo,
  type Server,
  type Socket,
  connect,
  createServer as createTcpServer,
} from 'node:net';

/** Something in front of several nodes that sends whoever comes to any of them. */
export interface Spread {
  readonly port: number;
  /** How many went to each node. */
  readonly counts: readonly number[];
  close(): Promise<void>;
}

/** Where nodes can be reached now; one that is gone is not in it. */
export type Targets = () => readonly { readonly at: number; readonly host: string; readonly port: number }[];

/** Sends each request to a node picked at random, and to another where that one cannot be reached. */
export async function spreadRequests(targets: Targets): Promise<Spread> {
  const counts: number[] = [];
  const server = createServer((incoming, outgoing) => {
    void passOn(incoming, outgoing, shuffled(targets()), counts);
  });
  // Longer than any client's own: one that is used again as it is closed would be a failure of this front's making.
  server.keepAliveTimeout = 60_000;
  return { counts, ...(await listening(server)) };
}

async function passOn(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  nodes: ReturnType<Targets>,
  counts: number[],
): Promise<void> {
  for (const { at, host, port } of nodes) {
    const { method, url: path, rawHeaders: headers } = incoming;
    const passed = request({
      host,
      port,
      method,
      path,
      headers,
      agent: false,
      ...from(incoming.socket),
    });
    outgoing.once('close', () => passed.destroy());
    const answered = new Promise<IncomingMessage | null>((resolve) => {
      passed.once('response', resolve);
      // An answer may come before all was asked, and end the connection with that.
      passed.on('error', () => resolve(null));
    });
    const isConnected = await new Promise<boolean>((resolve) => {
      passed.once('socket', (socket) => socket.once('connect', () => resolve(true)));
      passed.once('error', () => resolve(false));
    });
    // Not connected is not asked; anything else may have been done already.
    if (!isConnected) continue;
    incoming.pipe(passed);
    incoming.once('error', () => passed.destroy());
    const answer = await answered;
    if (answer === null) break;
    counts[at] = (counts[at] ?? 0) + 1;
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    // An event stream's head is to be seen before its first event.
    outgoing.flushHeaders();
    answer.pipe(outgoing);
    answer.once('error', () => outgoing.destroy());
    answer.once('close', () => {
      if (!answer.complete) outgoing.destroy();
    });
    return;
  }
  outgoing.destroy();
}

/** Joins each connection to a node picked at random. */
export async function spreadConnections(targets: Targets): Promise<Spread> {
  const counts: number[] = [];
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    const [node] = shuffled(targets());
    if (node === undefined) {
      socket.destroy();
      return;
    }
    counts[node.at] = (counts[node.at] ?? 0) + 1;
    const other = connect({ host: node.host, port: node.port, allowHalfOpen: true, ...from(socket) });
    join(socket, other);
    join(other, socket);
  });
  return { counts, ...(await listening(server)) };
}

/** The nodes see who came, as far as this machine has the address. */
function from({ remoteAddress }: Socket): { localAddress?: string } {
  return remoteAddress?.startsWith('127.') === true ? { localAddress: remoteAddress } : {};
}

function join(one: Socket, other: Socket): void {
  one.pipe(other);
  one.setNoDelay(true);
  one.once('error', () => {
    // A socket that is just being shut down cannot be reset, and what is left of it would keep the process from ending.
    if (other.writableEnded) other.destroy();
    else other.resetAndDestroy();
  });
  one.once('close', () => other.destroySoon());
}

async function listening(server: Server): Promise<Pick<Spread, 'port' | 'close'>> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  const left = [...items];
  const order: Item[] = [];
  while (left.length > 0) order.push(...left.splice(Math.floor(Math.random() * left.length), 1));
  return order;
}
