import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

const lateMilliseconds = 15_000;

/** The other end of a connection, as bytes: it knows lines, and nothing of what they mean. */
export class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  private received = '';
  private isClosed = false;
  private readonly wakes = new Set<() => void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      this.received += bytes.toString('utf8');
      this.wakeAll();
    });
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isClosed = true;
        this.wakeAll();
        resolve();
      });
    });
  }

  /** Connects to a gateway's URL. */
  static async open(url: string): Promise<RawClient> {
    const { protocol, hostname: host, port } = new URL(url);
    const socket =
      protocol === 'tls:'
        ? connectTls({ host, port: Number(port), rejectUnauthorized: false })
        : connect({ host, port: Number(port) });
    await once(socket, protocol === 'tls:' ? 'secureConnect' : 'connect');
    return new RawClient(socket);
  }

  /** Sends one object after another, without anything between. */
  send(...objects: readonly (object | string)[]): void {
    this.socket.write(
      objects.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))).join(''),
    );
  }

  /** Sends every byte in a segment of its own. */
  async sendByByte(text: string): Promise<void> {
    for (const byte of Buffer.from(text)) {
      this.socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The next line, without its end. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.received.indexOf('\n');
      if (end !== -1) {
        const line = this.received.slice(0, end);
        this.received = this.received.slice(end + 1);
        return line;
      }
      if (this.isClosed) throw new Error(`closed, with ${JSON.stringify(this.received)} unread`);
      await this.more();
    }
  }

  /** Waits for exactly these lines, byte for byte. */
  async gets(...lines: readonly string[]): Promise<void> {
    for (const expected of lines) assert.equal(await this.line(), expected);
  }

  /** Waits for exactly these lines, and that the connection is closed then. */
  async endsWith(...lines: readonly string[]): Promise<void> {
    await this.gets(...lines);
    while (!this.isClosed) await this.more();
    assert.equal(this.received, '');
  }

  /** Closes. */
  async close(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  private async more(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`nothing more came after ${JSON.stringify(this.received)}`)),
        lateMilliseconds,
      );
      this.wakes.add(() => {
        clearTimeout(late);
        resolve();
      });
    });
  }

  private wakeAll(): void {
    const wakes = [...this.wakes];
    this.wakes.clear();
    for (const wake of wakes) wake();
  }
}
