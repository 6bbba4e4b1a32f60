import type { Socket } from 'node:net';
import type { Timers } from '../../core/clock.ts';
import type { TurnEnd } from './turn-end.ts';

export interface PeerSettings {
  readonly timers: Timers;
  /** What may wait for a peer that does not read. Default 1 MiB */
  readonly maxWaitingBytes?: number;
  /** Called when a peer is let go because it does not read. */
  readonly onTooSlow?: () => void;
  /** Milliseconds in which nothing is said, by either side, after which the peer is let go. Default one hour */
  readonly idleMilliseconds?: number;
  /**
   * Milliseconds between two writes, for clients that take what one read gives them for one message. Default: what falls
   * into one turn of the event loop leaves in one write
   */
  readonly apartMilliseconds?: number;
}

export interface PeerOptions extends PeerSettings {
  /** Shared with the other connections of the listener. */
  readonly turnEnd: TurnEnd;
}

const nothing = (): void => {};

/** What a protocol does with the bytes of one connection. */
export interface Protocol {
  /** Never throws: what it cannot follow, it answers and ends. */
  onBytes(bytes: Buffer): void;
  /** Called once, whoever ended the connection. */
  onClose(): void;
}

const defaults = { maxWaitingBytes: 1024 * 1024, idleMilliseconds: 60 * 60 * 1000 };
/** Silence after which the system asks whether the peer is still there. */
const keepAliveMilliseconds = 60_000;
/** How long it may take to send what waits when a connection ends, where it is not sent at once. */
const lastSendMilliseconds = 10_000;
/** How long a peer may take to read what was sent last. */
const lastReadMilliseconds = 2_000;

/** One connection of a gateway: a socket with a bounded send queue, deadlines, and an end that comes once. */
export class Peer {
  /** Canonical. */
  readonly address: string;
  private readonly socket: Socket;
  private readonly options: PeerOptions;
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private isScheduled = false;
  private isEnding = false;
  private isOver = false;
  private cancelDeadline = nothing;
  private cancelPause: (() => void) | null = null;
  private awaitingSent: ((isSent: boolean) => void)[] = [];
  private quietMilliseconds = 0;

  constructor(socket: Socket, address: string, options: PeerOptions) {
    this.socket = socket;
    this.address = address;
    this.options = options;
    socket.setNoDelay(true);
    // A peer that is gone without a word would hold its place until it is idle.
    socket.setKeepAlive(true, keepAliveMilliseconds);
    socket.on('error', () => this.destroy());
    socket.on('drain', () => this.tellSent());
  }

  /** Hands the connection to its protocol. */
  start(protocol: Protocol): void {
    this.socket.on('data', (bytes: Buffer) => {
      this.quietMilliseconds = 0;
      if (!this.isEnding) protocol.onBytes(bytes);
    });
    this.socket.on('end', () => this.end());
    this.socket.once('close', () => {
      this.over();
      protocol.onClose();
    });
  }

  /** Sends in order. A peer that does not read is let go, and nobody waits for it. */
  send(bytes: Buffer): void {
    if (this.isOver || this.isEnding) return;
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    const held = this.waitingBytes + this.socket.writableLength;
    if (held > (this.options.maxWaitingBytes ?? defaults.maxWaitingBytes)) {
      this.options.onTooSlow?.();
      this.destroy();
    } else {
      this.schedule();
    }
  }

  /** Sends what waits, and closes. */
  end(): void {
    if (this.isEnding || this.isOver) return;
    this.isEnding = true;
    this.destroyAfter(lastSendMilliseconds);
    this.finishIfSent();
  }

  /** Closes at once. */
  destroy(): void {
    this.over();
    this.socket.destroy();
  }

  /** Closes unless another deadline is set before; null: no deadline any more. */
  setDeadline(milliseconds: number | null): void {
    this.cancelDeadline();
    this.cancelDeadline = nothing;
    if (milliseconds === null || this.isOver) return;
    this.cancelDeadline = this.options.timers.setTimeout(() => this.destroy(), milliseconds);
  }

  /** Takes note that so much time has passed: who says nothing and hears nothing is let go after a while. */
  pass(milliseconds: number): void {
    this.quietMilliseconds += milliseconds;
    // More than that: the first of these times may have begun before the silence did.
    if (this.quietMilliseconds > (this.options.idleMilliseconds ?? defaults.idleMilliseconds)) this.destroy();
  }

  /** Reads no more for now: the peer's own system holds back what it sends. */
  pauseReading(): void {
    if (!this.isOver) this.socket.pause();
  }

  /** Reads on. */
  resumeReading(): void {
    if (!this.isOver) this.socket.resume();
  }

  /** Fulfilled when the system has taken what was sent: true; or, when the connection ended before that: false. */
  whenSent(): Promise<boolean> {
    if (this.isOver) return Promise.resolve(false);
    if (this.isSent) return Promise.resolve(true);
    return new Promise((resolve) => this.awaitingSent.push(resolve));
  }

  private get isSent(): boolean {
    return this.waiting.length === 0 && !this.socket.writableNeedDrain;
  }

  private tellSent(): void {
    if (!this.isOver && !this.isSent) return;
    const awaiting = this.awaitingSent;
    this.awaitingSent = [];
    for (const resolve of awaiting) resolve(!this.isOver);
  }

  /** Bytes that were sent and that the peer has not taken yet. */
  get unsentBytes(): number {
    return this.waitingBytes + this.socket.writableLength;
  }

  private schedule(): void {
    if (this.isScheduled || this.cancelPause !== null) return;
    this.isScheduled = true;
    this.options.turnEnd.whenOver(this);
  }

  /** Writes what waits. Called when the turn of the event loop is over. */
  flush(): void {
    this.isScheduled = false;
    if (this.isOver || this.waiting.length === 0) return;
    this.quietMilliseconds = 0;
    const { apartMilliseconds, turnEnd } = this.options;
    if (apartMilliseconds === undefined) {
      const bytes = turnEnd.join(this.waiting);
      this.waiting = [];
      this.waitingBytes = 0;
      this.socket.write(bytes);
    } else {
      this.sendOne(apartMilliseconds);
    }
    this.tellSent();
    this.finishIfSent();
  }

  private sendOne(apartMilliseconds: number): void {
    const next = this.waiting.shift();
    if (next === undefined) return;
    this.waitingBytes -= next.length;
    this.socket.write(next);
    this.cancelPause = this.options.timers.setTimeout(() => {
      this.cancelPause = null;
      this.flush();
    }, apartMilliseconds);
  }

  private finishIfSent(): void {
    if (!this.isEnding) return;
    if (this.waiting.length > 0) {
      this.schedule();
      return;
    }
    this.socket.end();
    this.destroyAfter(lastReadMilliseconds);
  }

  private destroyAfter(milliseconds: number): void {
    this.socket.once(
      'close',
      this.options.timers.setTimeout(() => this.destroy(), milliseconds),
    );
  }

  private over(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.cancelDeadline();
    this.cancelPause?.();
    this.waiting = [];
    this.tellSent();
  }
}
