import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** How long anything may take before a test gives up on it. */
const patience = 20_000;

/** A place that is listened at. */
export interface Place {
  readonly port: number;
  readonly isTls: boolean;
}

/** The other end of a connection, as bytes and the text in them: it knows no protocol. */
export class Wire {
  readonly socket: Socket;
  /** Everything that came. */
  heard = '';
  /** How much of it a test has looked at. */
  private at = 0;
  private wake = (): void => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      this.heard += bytes.toString('utf8');
      this.wake();
    });
    for (const event of ['end', 'close']) socket.on(event, () => this.wake());
  }

  /** Connects. What the server's end of the connection does not end of this one. */
  static async open({ port, isTls }: Place): Promise<Wire> {
    const place = { host: '127.0.0.1', port, allowHalfOpen: true };
    const socket = isTls ? connectTls({ ...place, rejectUnauthorized: false }) : connect(place);
    await once(socket, isTls ? 'secureConnect' : 'connect');
    return new Wire(socket);
  }

  write(...pieces: readonly (Buffer | string)[]): void {
    this.socket.write(Buffer.concat(pieces.map((piece) => Buffer.from(piece as string))));
  }

  /** Writes as much of it as the other side takes before it closes. */
  async pour(chunk: Buffer, times: number): Promise<void> {
    for (let at = 0; at < times && !this.isOver; at++) {
      if (this.socket.write(chunk)) continue;
      await this.when(() => this.isOver || !this.socket.writableNeedDrain, 'room for more', ['drain']);
    }
  }

  /** The same, also after the server has said that it is done. */
  async flood(chunk: Buffer, times: number): Promise<void> {
    for (let at = 0; at < times && !this.socket.destroyed; at++) {
      await new Promise<void>((resolve) => this.socket.write(chunk, () => resolve()));
    }
  }

  /** Whether the server has said that it is done. */
  get isOver(): boolean {
    return this.socket.readableEnded || this.socket.destroyed;
  }

  /** Waits for the text, after what was waited for before. */
  async hears(text: string): Promise<void> {
    await this.when(() => this.heard.includes(text, this.at), JSON.stringify(text));
    this.at = this.heard.indexOf(text, this.at) + text.length;
  }

  /** Waits until the text has come so many times, from now on. */
  async hearsTimes(text: string, times: number): Promise<void> {
    for (let at = 0; at < times; at++) await this.hears(text);
  }

  /** Waits until the server has closed, and closes too. Returns all that was not waited for. */
  async ends(): Promise<string> {
    await this.when(() => this.isOver, 'an end');
    this.close();
    return this.heard.slice(this.at);
  }

  close(): void {
    this.socket.destroy();
  }

  private async when(look: () => boolean, what: string, events: readonly string[] = []): Promise<void> {
    const late = setTimeout(() => this.wake(), patience);
    const deadline = performance.now() + patience;
    for (const event of events) this.socket.on(event, () => this.wake());
    while (!look()) {
      const isLate = performance.now() >= deadline;
      const hasEnded = this.isOver && what !== 'an end';
      assert.ok(
        !isLate && !hasEnded,
        `${isLate ? 'there never came' : 'closed before'} ${what}: ${this.heard.slice(-300)}`,
      );
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    clearTimeout(late);
  }
}
