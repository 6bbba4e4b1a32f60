import type { Duplex } from 'node:stream';
import { type RawData, WebSocket } from 'ws';
import type { Clock, Timers } from '../../core/clock.ts';
import type { TurnEnd } from '../socket/turn-end.ts';

const nothing = (): void => {};

/** What a protocol does with the messages of one connection. */
export interface WebSocketProtocol {
  /** Never throws. */
  onMessage(bytes: Buffer, isText: boolean): void;
  /** What is said last to who sends what cannot be followed. */
  onUnfollowable(): void;
  /** Called when a connection is cut off because it does not read. */
  onTooSlow(): void;
  /** Called once, whoever ended the connection. */
  onClose(): void;
}

export interface WebSocketPeerOptions {
  readonly timers: Timers;
  readonly clock: Clock;
  readonly turnEnd: TurnEnd;
  /** What may wait for a peer that does not read. Default 1 MiB */
  readonly maxWaitingBytes?: number;
}

/** Close codes (RFC 6455 §7.4.1). */
export const closeCodes = {
  goingAway: 1001,
  protocolError: 1002,
  badText: 1007,
  policy: 1008,
  tooLarge: 1009,
} as const;

const defaultMaxWaitingBytes = 1024 * 1024;
/** How long a peer may take to read what was sent last, and to close in its turn. */
const lastReadMilliseconds = 2_000;
/** A peer of whom nothing was heard for this long is pinged; after as long again it counts as gone. */
const pingMilliseconds = 30_000;
const idleMilliseconds = 60 * 60 * 1000;
/** A close frame holds 125 bytes, two of them the code. */
const maxReasonBytes = 123;

/** A WebSocket that says when it is about to close. */
export class ClosingWebSocket extends WebSocket {
  onClosing: (code: number | undefined, isAnswer: boolean) => void = () => {};

  override close(code?: number, data?: string | Buffer): void {
    if (this.readyState === WebSocket.OPEN) this.onClosing(code, data !== undefined);
    super.close(code, data);
  }
}

/** One connection: a WebSocket with a bounded send queue, deadlines, and an end that comes once. */
export class WebSocketPeer {
  /** Canonical. */
  readonly address: string;
  private readonly webSocket: ClosingWebSocket;
  private readonly socket: Duplex;
  private readonly options: WebSocketPeerOptions;
  private protocol: WebSocketProtocol | null = null;
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private isOver = false;
  private cancelDeadline: () => void;
  private cancelLastRead = nothing;
  private heardAt: number;
  private activeAt: number;
  private pingedAt: number | null = null;

  /** @param cancelDeadline takes back the deadline that the connection was accepted under */
  constructor(
    webSocket: ClosingWebSocket,
    socket: Duplex,
    address: string,
    cancelDeadline: () => void,
    options: WebSocketPeerOptions,
  ) {
    this.webSocket = webSocket;
    this.socket = socket;
    this.address = address;
    this.cancelDeadline = cancelDeadline;
    this.options = options;
    this.heardAt = this.activeAt = options.clock.now();
  }

  /** Hands the connection to its protocol. */
  start(protocol: WebSocketProtocol): void {
    this.protocol = protocol;
    const { webSocket } = this;
    webSocket.on('message', (data: RawData, isBinary: boolean) => {
      // What comes after this side has closed would be done without an answer, and for who may be kept out.
      if (webSocket.readyState !== WebSocket.OPEN) return;
      this.heard();
      this.activeAt = this.heardAt;
      protocol.onMessage(asBuffer(data), !isBinary);
    });
    webSocket.on('ping', (data: Buffer) => {
      this.heard();
      if (!this.isFull()) webSocket.pong(data);
    });
    webSocket.on('pong', () => this.heard());
    // Closed with the fitting code already.
    webSocket.on('error', () => {});
    webSocket.onClosing = (code, isAnswer) => {
      const { protocolError, badText, tooLarge } = closeCodes;
      const isLost = code === protocolError || code === badText || code === tooLarge;
      if (isLost && !isAnswer) protocol.onUnfollowable();
      this.flush();
    };
    webSocket.once('close', () => {
      this.over();
      protocol.onClose();
    });
  }

  /** Sends whole frames in order. A peer that does not read is let go, and nobody waits for it. */
  send(frame: Buffer): void {
    if (this.isOver || this.webSocket.readyState !== WebSocket.OPEN) return;
    this.waiting.push(frame);
    this.waitingBytes += frame.length;
    if (this.isFull()) return;
    if (this.waiting.length === 1) this.options.turnEnd.whenOver(this);
  }

  /** Writes what waits. */
  flush(): void {
    if (this.waiting.length === 0 || this.isOver || this.webSocket.readyState !== WebSocket.OPEN) return;
    const { turnEnd, clock } = this.options;
    const bytes = turnEnd.join(this.waiting);
    this.waiting = [];
    this.waitingBytes = 0;
    this.activeAt = clock.now();
    // Beside the WebSocket's own writing, which is whole frames too: a frame is encoded once for all who get it.
    this.socket.write(bytes);
  }

  /** Sends what waits, and closes. */
  close(code: number, reason: string): void {
    if (this.isOver || this.webSocket.readyState !== WebSocket.OPEN) return;
    this.setDeadline(null);
    this.resume();
    this.webSocket.close(code, shortened(reason));
    this.cancelLastRead = this.options.timers.setTimeout(() => this.destroy(), lastReadMilliseconds);
  }

  /** Closes at once. */
  destroy(): void {
    this.over();
    this.webSocket.terminate();
  }

  /** Reads no more for a while; what had arrived already still comes. */
  pause(): void {
    this.webSocket.pause();
  }

  resume(): void {
    if (!this.webSocket.isPaused) return;
    this.heard();
    this.webSocket.resume();
  }

  /** Closes unless another deadline is set before; null: no deadline any more. */
  setDeadline(milliseconds: number | null): void {
    this.cancelDeadline();
    this.cancelDeadline = nothing;
    if (milliseconds === null || this.isOver) return;
    this.cancelDeadline = this.options.timers.setTimeout(() => this.destroy(), milliseconds);
  }

  /** Looks whether the peer is still there. Called every now and then. */
  look(now: number): void {
    if (this.isOver || this.webSocket.isPaused || this.webSocket.readyState !== WebSocket.OPEN) return;
    if (now - this.activeAt >= idleMilliseconds) {
      this.close(closeCodes.goingAway, 'nothing was said for an hour');
    } else if (this.pingedAt !== null) {
      if (now - this.pingedAt >= pingMilliseconds) this.destroy();
    } else if (now - this.heardAt >= pingMilliseconds) {
      this.pingedAt = now;
      if (!this.isFull()) this.webSocket.ping();
    }
  }

  private heard(): void {
    this.heardAt = this.options.clock.now();
    this.pingedAt = null;
  }

  /** Whether there is no room for more; then the peer is let go. */
  private isFull(): boolean {
    if (this.isOver) return true;
    const held = this.waitingBytes + this.socket.writableLength;
    if (held <= (this.options.maxWaitingBytes ?? defaultMaxWaitingBytes)) return false;
    this.protocol?.onTooSlow();
    this.destroy();
    return true;
  }

  private over(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.cancelDeadline();
    this.cancelLastRead();
    this.waiting = [];
  }
}

function asBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

/** As much of the reason as a close frame holds. */
function shortened(reason: string): string {
  let text = reason;
  while (Buffer.byteLength(text) > maxReasonBytes) text = Array.from(text).slice(0, -1).join('');
  return text;
}
