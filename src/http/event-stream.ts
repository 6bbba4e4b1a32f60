import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Clock, Timers } from '../core/clock.ts';
import { Refusal } from '../core/errors.ts';
import type { Connection, EndReason } from '../core/live/connection.ts';
import type { Hub } from '../core/live/hub.ts';
import type { EventPlan } from '../core/live/open-events.ts';
import type { ReplayGuard } from '../core/sessions/replay-guard.ts';
import type { SessionRegistry } from '../core/sessions/session-registry.ts';
import type { SessionKey } from '../core/sessions/session.ts';
import { sealEvent } from '../crypto/sealed-payload.ts';
import { eventForm } from './event-form.ts';
import type { HttpContext } from './request.ts';

/** Opens the stream that a sealed request asked for, and answers with it (PROTOCOL.md §6). */
export type OpenEventStream = (
  context: HttpContext,
  opened: { readonly key: SessionKey; readonly seq: number },
  plan: EventPlan,
) => Promise<Response>;

export interface EventStreamDependencies {
  readonly hub: Hub;
  readonly registry: SessionRegistry;
  readonly replayProtection: ReplayGuard;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Streams that end because the server stops are told to come back at a random time within this, milliseconds. */
  readonly returnWithin?: number;
  /** 0 up to 1. */
  readonly random?: () => number;
}

/** A comment is sent this often, so that both ends and all between them see that the stream lives. */
const heartbeatMilliseconds = 25_000;
/** What may wait for a peer that does not read. */
const maxWaitingBytes = 1024 * 1024;
/** For how long it may wait. */
const maxBackPressureMilliseconds = 10_000;

/**
 * @throws Refusal `busy` where the answer cannot begin at once: behind another one on the same connection, or when the
 *   server is stopping; `internal` where the request came by no socket
 */
export function openEventStream(dependencies: EventStreamDependencies): OpenEventStream {
  return async (context, { key, seq }, plan) => {
    const { outgoing } = context.env;
    if (outgoing === undefined) throw new Refusal('internal');
    if (outgoing.destroyed) return RESPONSE_ALREADY_SENT;
    const { socket } = outgoing;
    // An answer that waits behind another has no socket yet, and could not be cut off.
    if (socket === null || dependencies.hub.isStopping) throw new Refusal('busy', { retryAfter: 1 });
    const stream = new EventStream(dependencies, outgoing, socket, key, seq, plan);
    await stream.open();
    return RESPONSE_ALREADY_SENT;
  };
}

/**
 * A connection of the sealed API that is told events: each sealed under the session key that asked for them, and
 * numbered. What falls into one turn of the event loop leaves in one write.
 */
class EventStream implements Connection<string> {
  readonly userId: string;
  readonly sessionKeyId: string;
  readonly address: string;
  readonly way = 'events';
  readonly form = eventForm;
  readonly rooms: ReadonlySet<string> | null;
  private readonly dependencies: EventStreamDependencies;
  private readonly outgoing: ServerResponse;
  private readonly socket: Socket;
  private readonly key: SessionKey;
  private readonly re: number;
  private readonly username: string;
  private n = 0;
  private waiting = '';
  /** What was sent before the head would tell too early that nothing is missed. */
  private isOpen = false;
  private isOver = false;
  private stopWatching = (): void => {};
  private cancelHeartbeat = (): void => {};
  private cancelCutOff: (() => void) | null = null;

  constructor(
    dependencies: EventStreamDependencies,
    outgoing: ServerResponse,
    socket: Socket,
    key: SessionKey,
    re: number,
    plan: EventPlan,
  ) {
    this.dependencies = dependencies;
    this.outgoing = outgoing;
    this.socket = socket;
    this.key = key;
    this.re = re;
    this.userId = plan.userId;
    this.username = plan.username;
    this.address = plan.address;
    this.rooms = plan.rooms;
    this.sessionKeyId = key.id;
  }

  /** Attaches to the hub, and sends the head of the answer: who has that misses nothing from then on. */
  async open(): Promise<void> {
    const { outgoing } = this;
    const { hub, registry } = this.dependencies;
    // A peer that only ended its half would otherwise keep the other half open.
    outgoing.on('close', () => this.cutOff());
    outgoing.on('error', () => this.cutOff());
    // A connection ends with its stream, so that what is written needs no frames of its own.
    outgoing.useChunkedEncodingByDefault = false;
    outgoing.shouldKeepAlive = false;
    outgoing.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'Access-Control-Allow-Origin': '*',
      // nginx would hold events back to fill its buffers.
      'X-Accel-Buffering': 'no',
    });
    try {
      await hub.attach(this, this.username);
    } catch {
      // The head is as good as sent: the client sees a stream that ends, and opens another.
      this.cutOff();
      return;
    }
    if (this.isOver) return;
    this.write(': open\n\n');
    this.isOpen = true;
    // Whatever was told while the head was not out yet.
    this.flush();
    this.stopWatching = registry.watch(this.key);
    if (registry.holds(this.key)) this.beat();
    else this.end('logged out');
  }

  send(text: string): void {
    if (this.isOver) return;
    const { key, dependencies } = this;
    if (!dependencies.replayProtection.countSeal(key)) {
      this.end('logged out');
      return;
    }
    this.n += 1;
    const token = sealEvent(key.enc, key.secret, { re: this.re, n: this.n }, text);
    if (this.waiting === '') queueMicrotask(() => this.flush());
    this.waiting += `data: ${token}\n\n`;
    if (this.waiting.length > maxWaitingBytes) this.tooSlow();
  }

  end(reason: EndReason): void {
    if (this.isOver) return;
    this.isOpen = true;
    this.flush();
    if (reason === 'stopping') this.askToReturn();
    this.over();
    this.outgoing.end();
    // A peer that does not read what was sent last is not waited for.
    const cancel = this.dependencies.timers.setTimeout(
      () => this.socket.destroy(),
      maxBackPressureMilliseconds,
    );
    this.outgoing.on('close', cancel);
  }

  private askToReturn(): void {
    const { returnWithin = 0, random = () => 0 } = this.dependencies;
    if (returnWithin > 0) this.write(`retry: ${Math.round(random() * returnWithin)}\n\n`);
  }

  private flush(): void {
    if (this.waiting === '' || this.isOver || !this.isOpen) return;
    const text = this.waiting;
    this.waiting = '';
    this.write(text);
  }

  private write(text: string): void {
    const { outgoing, dependencies } = this;
    const isTaken = outgoing.write(text, 'latin1');
    if (outgoing.writableLength > maxWaitingBytes) {
      this.tooSlow();
    } else if (!isTaken && this.cancelCutOff === null) {
      this.cancelCutOff = dependencies.timers.setTimeout(() => this.tooSlow(), maxBackPressureMilliseconds);
      outgoing.once('drain', () => {
        this.cancelCutOff?.();
        this.cancelCutOff = null;
      });
    }
  }

  private beat(): void {
    const { registry, clock, timers } = this.dependencies;
    this.cancelHeartbeat = timers.setTimeout(() => {
      if (this.isOver) return;
      // Not every key whose time is over has been found by the clean-up.
      if (!registry.holds(this.key)) {
        this.end('logged out');
        return;
      }
      // Who listens is not idle.
      registry.keepAlive(this.key, clock.now());
      this.write(': \n\n');
      this.beat();
    }, heartbeatMilliseconds);
  }

  private tooSlow(): void {
    if (!this.isOver) this.dependencies.hub.noteTooSlow(this);
    this.cutOff();
  }

  private cutOff(): void {
    this.over();
    this.socket.destroy();
  }

  private over(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.stopWatching();
    this.cancelHeartbeat();
    this.cancelCutOff?.();
    this.dependencies.hub.detach(this);
  }
}
