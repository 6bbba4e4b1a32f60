import { Refusal } from '../../core/errors.ts';
import type { GatewayParts } from '../gateway-parts.ts';
import type { Peer, Protocol } from '../socket/peer.ts';
import { type Reading, RoomsReader } from './codec.ts';
import { type Answer, perform } from './commands.ts';
import { bannedAddressObject } from './kept-out.ts';
import { errorObject } from './objects.ts';
import { reasonOf } from './refusals.ts';
import type { Stay } from './stay.ts';

/** A connection that has not signed in within this time is closed. */
const signInMilliseconds = 30_000;
/** Messages of one client that may wait for their turn; then nothing more is read until most are done. */
const mostWaiting = 64;
const fewWaiting = 16;

/** The conversation with one client: its messages are done one after another, in the order in which they came. */
export class Conversation implements Protocol {
  private readonly peer: Peer;
  private readonly parts: GatewayParts;
  /** Fulfilled when the connection has closed and what hung on it is written down. */
  readonly ended: Promise<void>;
  private readonly onEnded: () => void;
  private left: Promise<unknown> = Promise.resolve();
  private working: Promise<void> = Promise.resolve();
  private readonly reader = new RoomsReader();
  private readonly waiting: Reading[] = [];
  private stay: Stay | null = null;
  private isBusy = false;
  private isOver = false;

  constructor(peer: Peer, parts: GatewayParts) {
    this.peer = peer;
    this.parts = parts;
    let onEnded = (): void => {};
    this.ended = new Promise((resolve) => (onEnded = resolve));
    this.onEnded = () => onEnded();
    peer.setDeadline(signInMilliseconds);
  }

  onBytes(bytes: Buffer): void {
    this.waiting.push(...this.reader.consume(bytes));
    if (this.waiting.length >= mostWaiting) this.peer.pauseReading();
    if (!this.isBusy) this.working = this.work();
  }

  onClose(): void {
    this.isOver = true;
    this.waiting.length = 0;
    if (this.stay !== null) this.letGo(this.stay);
    this.stay = null;
    void this.working.then(() => this.left).then(() => this.onEnded());
  }

  private async work(): Promise<void> {
    this.isBusy = true;
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      await this.take(next);
      if (this.waiting.length < fewWaiting) this.peer.resumeReading();
    }
    this.isBusy = false;
  }

  private async take(reading: Reading): Promise<void> {
    if (reading.kind === 'lost') {
      this.parts.logger.debug('a stream cannot be followed', { problem: reading.problem });
      this.end([]);
      return;
    }
    const banned = this.stay === null ? bannedAddressObject(this.parts.core.bans, this.peer.address) : null;
    if (banned !== null) {
      this.end([banned]);
      return;
    }
    this.stay?.hold();
    const answer = await this.answerTo(reading);
    if (answer.stay !== undefined) this.settle(answer.stay);
    if (answer.closes === true) {
      this.end(answer.objects);
      return;
    }
    for (const object of answer.objects) this.peer.send(object);
    this.stay?.release();
  }

  private async answerTo(reading: Exclude<Reading, { kind: 'lost' }>): Promise<Answer> {
    const { type } = reading;
    if (reading.kind === 'malformed') return { objects: [errorObject(type, 'malformed_message')] };
    try {
      const entry = { peer: this.peer, parts: this.parts, end: () => this.end([]) };
      return await perform(reading, entry, this.stay);
    } catch (error) {
      if (error instanceof Refusal) return { objects: [errorObject(type, reasonOf(type, error))] };
      this.parts.logger.error('a message could not be dealt with', { type, error });
      return { objects: [errorObject(type, 'internal')] };
    }
  }

  /** From now on this is who the connection is for. */
  private settle(stay: Stay): void {
    if (this.stay !== null) this.letGo(this.stay);
    if (this.isOver) {
      this.letGo(stay);
      return;
    }
    this.stay = stay;
    this.peer.setDeadline(null);
  }

  private letGo(stay: Stay): void {
    this.left = Promise.all([this.left, stay.leave()]);
  }

  private end(objects: readonly Buffer[]): void {
    for (const object of objects) this.peer.send(object);
    this.waiting.length = 0;
    this.peer.end();
  }
}
