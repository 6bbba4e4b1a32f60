import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { type Socket, connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** How long anything may take before a test gives up on it. */
const patience = 15_000;

/** A client on a bare socket: it knows every byte it sends and gets. */
export class ChateauClient {
  readonly socket: Socket;
  /** Fulfilled with the close code when the connection is gone; 1006 where no close frame came. */
  readonly closed: Promise<{ code: number; reason: string }>;
  private bytes: Buffer = Buffer.alloc(0);
  private readonly texts: string[] = [];
  private closeFrame: { code: number; reason: string } | null = null;
  private wake = (): void => {};
  private isGone = false;
  pings = 0;
  pongs = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, bytes]);
      this.readFrames();
      this.wake();
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isGone = true;
        this.wake();
        resolve(this.closeFrame ?? { code: 1006, reason: '' });
      });
    });
  }

  /** Connects, and has the connection made a WebSocket. */
  static async open(url: string, options: { address?: string; ca?: string } = {}): Promise<ChateauClient> {
    const { socket, rest } = await upgraded(url, options);
    const client = new ChateauClient(socket);
    if (rest.length > 0) socket.unshift(rest);
    socket.resume();
    return client;
  }

  /** The same, and registers as a guest or with a password. */
  static async registered(
    url: string,
    username: string,
    password = '',
    options: { address?: string } = {},
  ): Promise<ChateauClient> {
    const client = await ChateauClient.open(url, options);
    client.send({ type: 'RegisterRequest', username, password, auth: false });
    assert.equal(await client.next(), '{"type":"RegisterResponse","status":200}');
    return client;
  }

  send(message: unknown): void {
    this.sendText(typeof message === 'string' ? message : JSON.stringify(message));
  }

  sendText(text: string): void {
    this.socket.write(clientFrame(Buffer.from(text)));
  }

  /** The next text, byte for byte. */
  async next(): Promise<string> {
    return this.when(() => this.texts.shift(), 'another text');
  }

  /** Sends a request and returns the next text. */
  async ask(message: unknown): Promise<string> {
    this.send(message);
    return this.next();
  }

  /** Texts that have come and were not asked for. */
  get unread(): readonly string[] {
    return this.texts;
  }

  /** Shows that nothing came that was not asked for: what comes next is the answer to this. */
  async quiet(): Promise<void> {
    const answer = await this.ask('{"type":"none such"}');
    assert.equal(answer, '{"type":"ErrorResponse","status":400}');
  }

  /** Waits until there have been as many pings. */
  async pinged(times: number): Promise<void> {
    await this.when(() => (this.pings >= times ? true : undefined), 'a ping');
  }

  close(): void {
    this.socket.write(clientFrame(Buffer.from([0x03, 0xe8]), 0x8));
  }

  private async when<Value>(look: () => Value | undefined, what: string): Promise<Value> {
    const deadline = Date.now() + patience;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.isGone) throw new Error(`the connection was closed before there was ${what}`);
      if (Date.now() > deadline) throw new Error(`there never was ${what}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1_000);
        this.wake = (): void => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  private readFrames(): void {
    for (;;) {
      const frame = readServerFrame(this.bytes);
      if (frame === null) return;
      this.bytes = this.bytes.subarray(frame.length);
      if (frame.opcode === 0x1) this.texts.push(frame.payload.toString());
      if (frame.opcode === 0x9) this.pings += 1;
      if (frame.opcode === 0xa) this.pongs += 1;
      if (frame.opcode === 0x8) {
        this.closeFrame = {
          code: frame.payload.readUInt16BE(0),
          reason: frame.payload.subarray(2).toString(),
        };
        this.socket.end(clientFrame(frame.payload.subarray(0, 2), 0x8));
      }
    }
  }
}

/** A frame as a client sends it (RFC 6455 §5.2), masked. */
export function clientFrame(payload: Buffer, opcode = 0x1, isFinal = true): Buffer {
  const mask = randomBytes(4);
  const { length } = payload;
  const size =
    length < 126
      ? Buffer.from([0x80 | length])
      : length < 65_536
        ? Buffer.from([0x80 | 126, length >> 8, length & 255])
        : Buffer.concat([Buffer.from([0x80 | 127, 0, 0, 0, 0]), uint32(length)]);
  const masked = Buffer.from(payload.map((byte, at) => byte ^ mask[at % 4]!));
  return Buffer.concat([Buffer.from([(isFinal ? 0x80 : 0) | opcode]), size, mask, masked]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function readServerFrame(bytes: Buffer): { opcode: number; payload: Buffer; length: number } | null {
  if (bytes.length < 2) return null;
  assert.equal(bytes[0]! & 0xf0, 0x80, 'every frame is final and uncompressed');
  let length = bytes[1]!;
  assert.ok(length < 128, 'a server masks nothing');
  let start = 2;
  if (length === 126) {
    if (bytes.length < 4) return null;
    length = bytes.readUInt16BE(2);
    start = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return null;
    length = Number(bytes.readBigUInt64BE(2));
    start = 10;
  }
  if (bytes.length < start + length) return null;
  return { opcode: bytes[0]! & 15, payload: bytes.subarray(start, start + length), length: start + length };
}

/** The bytes that ask for a WebSocket. */
export function upgradeRequest(url: string, key = 'dGhlIHNhbXBsZSBub25jZQ=='): string {
  const { host, pathname } = new URL(url);
  return [
    `GET ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${key}`,
    'Sec-WebSocket-Version: 13',
    '',
    '',
  ].join('\r\n');
}

/** A bare connection to where the URL points. */
export async function connected(
  url: string,
  options: { address?: string; ca?: string } = {},
): Promise<Socket> {
  const { hostname, port, protocol } = new URL(url);
  const place = { host: hostname, port: Number(port) };
  const socket =
    protocol === 'wss:'
      ? connectTls({ ...place, ca: options.ca, rejectUnauthorized: options.ca !== undefined })
      : connect({ ...place, ...(options.address === undefined ? {} : { localAddress: options.address }) });
  socket.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    socket.once(protocol === 'wss:' ? 'secureConnect' : 'connect', resolve);
    socket.once('error', reject);
  });
  return socket;
}

async function upgraded(
  url: string,
  options: { address?: string; ca?: string },
): Promise<{ socket: Socket; rest: Buffer }> {
  const socket = await connected(url, options);
  const key = randomBytes(16).toString('base64');
  socket.write(upgradeRequest(url, key));
  let text = '';
  for (;;) {
    const chunk = await new Promise<Buffer>((resolve, reject) => {
      socket.once('data', resolve);
      socket.once('close', () => reject(new Error(`no WebSocket: ${text.split('\r\n')[0]}`)));
    });
    socket.pause();
    text += chunk.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) {
      socket.resume();
      continue;
    }
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    if (!text.startsWith('HTTP/1.1 101 ')) throw new Error(`no WebSocket: ${text.split('\r\n')[0]}`);
    assert.ok(text.includes(accept));
    const rest = Buffer.from(text.slice(end + 4), 'latin1');
    return { socket, rest };
  }
}
