import assert from 'node:assert/strict';
import { pbkdf2Sync } from 'node:crypto';
import { type Socket, connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** The numbers of the types, written down a second time: a test of the codec cannot ask the codec. */
export const numbers = {
  ACK: 0,
  ERR: 1,
  DIS: 2,
  MSG: 3,
  LOG: 4,
  SES: 5,
  REG: 6,
  LIS: 7,
  FRP: 8,
  HIS: 9,
  UPD: 10,
  CHP: 11,
  CHM: 12,
  DEL: 13,
} as const;

export type TypeName = keyof typeof numbers;

/** A frame of version 1. */
export function frame(type: TypeName, data: unknown): Buffer {
  return rawFrame(0x40 | numbers[type], typeof data === 'string' ? data : JSON.stringify(data));
}

/** A frame with any first byte. */
export function rawFrame(first: number, json: string): Buffer {
  const body = Buffer.from(json);
  return Buffer.concat([Buffer.from([first, body.length >> 8, body.length & 0xff]), body]);
}

/** What such clients make of a password: the hex of salt and pre-hash. */
export function hashed(password: string, salt: Buffer): string {
  const preHash = pbkdf2Sync(password, salt, 10_000, 32, 'sha256');
  return Buffer.concat([salt, preHash]).toString('hex');
}

export interface Received {
  readonly type: TypeName;
  readonly data: Record<string, unknown>;
  readonly raw: Buffer;
}

/** The other end of a connection, which only knows the seed. */
export class FramesClient {
  readonly socket: Socket;
  readonly received: Received[] = [];
  readonly ended: Promise<void>;
  isEnded = false;
  private bytes = Buffer.alloc(0);
  private readonly wakes = new Set<() => void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.take(bytes));
    socket.on('error', () => {});
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        this.isEnded = true;
        this.wake();
        resolve();
      });
    });
  }

  /** Connects to `tls://…` or `tcp://…`. */
  static async open(url: string): Promise<FramesClient> {
    const { protocol, hostname, port } = new URL(url);
    const isTls = protocol === 'tls:';
    const where = { host: hostname, port: Number(port) };
    const socket = isTls ? connectTls({ ...where, rejectUnauthorized: false }) : connect(where);
    await new Promise<void>((resolve, reject) => {
      socket.once(isTls ? 'secureConnect' : 'connect', () => resolve());
      socket.once('error', reject);
    });
    return new FramesClient(socket);
  }

  send(type: TypeName, data: unknown): void {
    this.socket.write(frame(type, data));
  }

  /** The next frame, which has to be of the type. */
  async next(type: TypeName): Promise<Record<string, unknown>> {
    const got = await this.nextFrame();
    assert.equal(got.type, type, `${type} was due, and came: ${got.type} ${JSON.stringify(got.data)}`);
    return got.data;
  }

  /** The next frame of the type that matches; others are let go. */
  async until(
    type: TypeName,
    matches: (data: Record<string, unknown>) => boolean = () => true,
  ): Promise<Record<string, unknown>> {
    for (;;) {
      const got = await this.nextFrame();
      if (got.type === type && matches(got.data)) return got.data;
    }
  }

  async nextFrame(): Promise<Received> {
    for (;;) {
      const first = this.received.shift();
      if (first !== undefined) return first;
      if (this.isEnded) throw new Error('the connection was closed');
      await new Promise<void>((resolve, reject) => {
        const late = setTimeout(() => reject(new Error('no frame came')), 10_000);
        this.wakes.add(() => {
          clearTimeout(late);
          resolve();
        });
      });
    }
  }

  /** Registers, logs in, and takes SES and the first LIS. */
  static async seated(
    url: string,
    name: string,
    password: string,
    email = `${name}@example.org`,
  ): Promise<FramesClient> {
    const client = await FramesClient.open(url);
    client.send('REG', { login: name, password, email });
    await client.next('ACK');
    return client.logIn(name, password);
  }

  async logIn(name: string, password: string): Promise<this> {
    this.send('LOG', { login: name, password });
    await this.next('SES');
    await this.next('LIS');
    return this;
  }

  close(): void {
    this.socket.destroy();
  }

  private take(bytes: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, bytes]);
    while (this.bytes.length >= 3) {
      const size = this.bytes.readUInt16BE(1);
      if (this.bytes.length < 3 + size) break;
      const raw = this.bytes.subarray(0, 3 + size);
      const [first = 0] = raw;
      assert.equal(first >> 6, 1, 'the version');
      const type = Object.entries(numbers).find(([, number]) => number === (first & 0x3f))?.[0] as TypeName;
      this.received.push({ type, data: JSON.parse(raw.subarray(3).toString()), raw });
      this.bytes = this.bytes.subarray(3 + size);
    }
    this.wake();
  }

  private wake(): void {
    for (const wake of this.wakes) wake();
    this.wakes.clear();
  }
}
