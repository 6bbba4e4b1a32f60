import { setImmediate as nextTurn } from 'node:timers/promises';
import { Refusal } from '../../core/errors.ts';
import type { Peer, Protocol } from '../socket/peer.ts';
import { type FrameData, FrameReader, type FrameReading, type FrameType, encodeFrame } from './codec.ts';
import { type Conversation, commands, fieldsOf } from './commands.ts';
import { readPassword } from './password-forms.ts';
import { type FramesParts, Seat } from './seat.ts';
import { explain, farewell } from './texts.ts';

/** Until when a connection has to be logged in, and how long one may take that registers. */
const loginMilliseconds = 30_000;
const registrationMilliseconds = 5 * 60_000;
/** Bytes that wait for earlier frames to be done with: whoever sends more is not read meanwhile. */
const maxWaitingBytes = 128 * 1024;
/** Frames done in a row before others have their turn. */
const framesInARow = 32;

/** One connection: frames in, one after another, and what they come to. */
export class FramesConnection implements Protocol, Conversation {
  readonly parts: FramesParts;
  private readonly peer: Peer;
  private readonly nextSession: () => number;
  private readonly reader = new FrameReader();
  private isWorking = false;
  private working: Promise<void> = Promise.resolve();
  private closing: Promise<void> = Promise.resolve();
  private seat: Seat | null = null;
  private isOver = false;
  private hasRegistered = false;

  /** @param nextSession gives an integer that no other connection has */
  constructor(parts: FramesParts, peer: Peer, nextSession: () => number) {
    this.parts = parts;
    this.peer = peer;
    this.nextSession = nextSession;
    peer.setDeadline(loginMilliseconds);
  }

  get address(): string {
    return this.peer.address;
  }

  onBytes(bytes: Buffer): void {
    if (this.isOver) return;
    this.reader.feed(bytes);
    if (this.reader.waitingBytes > maxWaitingBytes) this.peer.pauseReading();
    if (!this.isWorking) this.working = this.work();
  }

  onClose(): void {
    this.isOver = true;
    if (this.seat !== null) this.closing = this.seat.close();
  }

  /** Says that the server stops, to who was not told so as a user. */
  stop(): void {
    if (!this.isOver && this.seat === null) this.farewell('the server stops');
  }

  /** Fulfilled when nothing is under way any more. */
  async settled(): Promise<void> {
    await this.working;
    await this.closing;
  }

  send(type: FrameType, data: FrameData): void {
    this.peer.send(encodeFrame(type, data));
  }

  end(): void {
    this.isOver = true;
    this.peer.end();
  }

  allowRegistration(): void {
    if (!this.hasRegistered) this.peer.setDeadline(registrationMilliseconds);
    this.hasRegistered = true;
  }

  async enter(login: string, password: string): Promise<void> {
    const { core } = this.parts;
    const { secret } = readPassword(password);
    const proven = await core.authenticate(this.address, { username: login }, secret);
    const seat = new Seat(this.parts, this.peer, proven.account, () => this.end());
    try {
      await core.takeIn(seat.user, proven);
    } catch (error) {
      await seat.close();
      throw error;
    }
    // Closed meanwhile, from whichever side.
    if (this.isOver) return seat.close();
    this.seat = seat;
    this.peer.setDeadline(null);
    this.send('SES', { session: this.nextSession() });
    await seat.openList();
  }

  private async work(): Promise<void> {
    this.isWorking = true;
    for (let done = 1; !this.isOver; done++) {
      const reading = this.reader.next();
      if (reading === null) break;
      await this.handle(reading);
      if (done % framesInARow === 0) await nextTurn();
    }
    this.isWorking = false;
    this.peer.resumeReading();
  }

  private async handle(reading: FrameReading): Promise<void> {
    if (reading.kind !== 'frame') {
      this.send('ERR', { msg: reading.problem });
      if (reading.kind === 'lost') this.end();
      return;
    }
    try {
      await this.run(reading.type, reading.data);
    } catch (error) {
      this.refuse(error);
    }
  }

  private async run(type: FrameType, data: FrameData): Promise<void> {
    const command = commands[type];
    const { seat } = this;
    if (seat === null) this.parts.core.bans.refuseAddress(this.address);
    if (command === undefined)
      throw new Refusal('forbidden', { detail: `${type} is not for clients to send` });
    const fields = (): ReturnType<typeof fieldsOf> => fieldsOf(data, command.fields);
    if (command.when === 'after login') {
      if (seat === null) throw new Refusal('not_logged_in');
      return command.run(this, fields(), seat);
    }
    if (command.when === 'before login' && seat !== null) {
      throw new Refusal('forbidden', { detail: 'You are logged in already' });
    }
    return command.run(this, fields());
  }

  private refuse(error: unknown): void {
    if (!(error instanceof Refusal)) {
      this.parts.logger.error('a frame could not be handled', { error });
      this.send('ERR', { msg: 'Something went wrong here' });
    } else if (error.code === 'banned' || error.code === 'kicked') {
      const { reason = '', until = null } = error.members;
      this.farewell(farewell({ kind: error.code, reason, until }));
    } else {
      this.send('ERR', { msg: explain(error) });
    }
  }

  private farewell(text: string): void {
    this.send('DIS', { msg: text });
    this.end();
  }
}
