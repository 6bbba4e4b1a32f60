import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { passwordOf } from '../../support/sealed-client.ts';

/** How long a test waits for something that has to come. */
const patience = 10_000;

/** A client that writes bytes and takes objects, as they come. */
export class RoomsClient {
  readonly socket: Socket;
  /** Fulfilled when the server has closed. */
  readonly closed: Promise<void>;
  private readonly objects: string[] = [];
  private text = '';
  private isClosed = false;
  private wake = (): void => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.take(chunk));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isClosed = true;
        this.wake();
        resolve();
      });
    });
  }

  static async open(url: string): Promise<RoomsClient> {
    const { protocol, hostname, port } = new URL(url);
    const place = { host: hostname, port: Number(port) };
    const isTls = protocol === 'tls:';
    const socket = isTls ? connectTls({ ...place, rejectUnauthorized: false }) : connect(place);
    const client = new RoomsClient(socket);
    await once(socket, isTls ? 'secureConnect' : 'connect');
    return client;
  }

  /** Opens a connection and signs somebody up on it. */
  static async signedUp(url: string, username: string): Promise<RoomsClient> {
    const client = await RoomsClient.open(url);
    client.send({ type: 'signup', username, password: passwordOf(username) });
    await client.expect('{"type":"pending_room","status":"ok","room":"Général"}');
    await client.expect('{"type":"signup","status":"ok"}');
    return client;
  }

  /** Opens a connection and signs somebody in on it; the answer is left to be taken. */
  static async signingIn(url: string, username: string): Promise<RoomsClient> {
    const client = await RoomsClient.open(url);
    client.send({ type: 'signin', username, password: passwordOf(username) });
    return client;
  }

  send(object: unknown): void {
    this.write(JSON.stringify(object));
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** The next object, as it was written. */
  async next(): Promise<string> {
    const late = setTimeout(() => this.socket.destroy(), patience);
    while (this.objects.length === 0 && !this.isClosed) {
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    clearTimeout(late);
    const object = this.objects.shift();
    assert.ok(object !== undefined, 'the server said something more before it closed');
    assert.ok(Buffer.byteLength(object) <= 1024, 'an object fits in one read');
    return object;
  }

  async nextObject(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.next()) as Record<string, unknown>;
  }

  /** The next objects are these, byte for byte. */
  async expect(...objects: string[]): Promise<void> {
    for (const object of objects) assert.equal(await this.next(), object);
  }

  /** The next objects are these, in whatever order. */
  async expectSet(...objects: string[]): Promise<void> {
    const got: string[] = [];
    for (let at = 0; at < objects.length; at++) got.push(await this.next());
    assert.deepEqual(got.sort(), objects.sort());
  }

  /** The server says nothing more, and closes. */
  async expectEnd(): Promise<void> {
    const late = setTimeout(() => this.socket.destroy(new Error('late')), patience);
    await this.closed;
    clearTimeout(late);
    assert.deepEqual(this.objects, []);
    assert.equal(this.socket.errored?.message === 'late', false, 'the server closes');
  }

  /** Has the server answer something harmless: whatever it did before is done. */
  async settled(): Promise<void> {
    this.send({ type: 'pending_room', room: '-' });
    await this.expect('{"type":"pending_room","status":"error","reason":"room_does_not_exist"}');
  }

  async leave(): Promise<void> {
    this.send({ type: 'disconnect' });
    await this.expect('{"type":"disconnect","status":"ok"}');
    await this.expectEnd();
  }

  /** Cuts objects out of the text; braces inside of texts do not count. */
  private take(chunk: string): void {
    this.text += chunk;
    let depth = 0;
    let start = 0;
    for (const { 0: token, index } of this.text.matchAll(/"(?:[^"\\]|\\.)*"|[{}]|"/g)) {
      if (token === '"') break;
      if (token === '{') depth += 1;
      if (token !== '}') continue;
      depth -= 1;
      if (depth > 0) continue;
      this.objects.push(this.text.slice(start, index + 1));
      start = index + 1;
    }
    this.text = this.text.slice(start);
    this.wake();
  }
}
