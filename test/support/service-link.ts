import { once } from 'node:events';
import net from 'node:net';
import { lastingPort } from './lasting-port.ts';

/** Stands between a node and a service it needs, and can be cut. */
export class ServiceLink {
  private readonly target: { readonly host: string; readonly port: number };
  private readonly sockets = new Set<net.Socket>();
  private listener: net.Server;
  private isStalled = false;
  readonly port: number;

  private constructor(target: ServiceLink['target'], listener: net.Server) {
    this.target = target;
    this.listener = listener;
    this.port = (listener.address() as net.AddressInfo).port;
    listener.on('connection', (client: net.Socket) => this.accept(client));
  }

  static async to(target: { host: string; port: number }): Promise<ServiceLink> {
    const listener = net.createServer().listen(await lastingPort(), '127.0.0.1');
    await once(listener, 'listening');
    return new ServiceLink(target, listener);
  }

  /** Ends every connection, and refuses new ones. */
  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.listener.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** Keeps every connection, and lets nothing through any more: as a network does that loses all it is given. */
  stall(): void {
    this.isStalled = true;
    for (const socket of this.sockets) socket.pause();
  }

  /** Lets everything through again. */
  async mend(): Promise<void> {
    if (this.isStalled) {
      this.isStalled = false;
      for (const socket of this.sockets) socket.resume();
    }
    if (this.listener.listening) return;
    this.listener = net.createServer((client) => this.accept(client)).listen(this.port, '127.0.0.1');
    await once(this.listener, 'listening');
  }

  private accept(client: net.Socket): void {
    const server = net.connect(this.target);
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('data', (chunk) => other.write(chunk));
      socket.on('error', end);
      socket.on('close', () => {
        this.sockets.delete(socket);
        end();
      });
      if (this.isStalled) socket.pause();
    }
  }
}
