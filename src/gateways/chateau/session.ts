import { Refusal } from '../../core/errors.ts';
import type { GatewayParts } from '../gateway-parts.ts';
import { type ChateauAnswer, answerFor, errorAnswer, failures } from './answers.ts';
import { type ChateauReading, type ChateauRequest, readMessage } from './codec.ts';
import { type Command, commands } from './commands.ts';
import { type Entrant, leave } from './entry.ts';
import type { ChateauEvent } from './event-form.ts';
import { answerFrame } from './text-frame.ts';
import { type WebSocketPeer, type WebSocketProtocol, closeCodes } from './web-socket-peer.ts';

/** What came of a request. */
export interface Outcome {
  readonly answer: ChateauAnswer;
  /** Events that the client has in the answer already. */
  readonly said?: readonly string[];
}

/** Requests that wait before the connection is read no further. What one read brought comes on top of that. */
const maxWaiting = 64;

/** One client: takes its requests one after another, in the order they came, and answers in that order. */
export class ChateauSession implements WebSocketProtocol {
  readonly peer: WebSocketPeer;
  readonly parts: GatewayParts;
  /** Null until it has registered. */
  entrant: Entrant | null = null;
  /** True from when the connection is gone. */
  isClosed = false;
  private readonly onLeft: (leaving: Promise<void>) => void;
  private readonly waiting: ChateauReading[] = [];
  private isServing = false;
  private serving: Promise<void> = Promise.resolve();
  /** Events of the user's own doing that came while a request of theirs was served; null in between. */
  private held: { readonly subject: string; readonly frame: Buffer }[] | null = null;
  private said: readonly string[] = [];
  private keptOutFor = '';
  /** What its user was told before they were in; null once they are. */
  private early: ChateauEvent[] | null = [];

  /** @param onLeft is told what remains to be done for somebody who is gone */
  constructor(peer: WebSocketPeer, parts: GatewayParts, onLeft: (leaving: Promise<void>) => void) {
    this.peer = peer;
    this.parts = parts;
    this.onLeft = onLeft;
  }

  onMessage(bytes: Buffer, isText: boolean): void {
    const reading: ChateauReading = isText ? readMessage(bytes) : { kind: 'unreadable' };
    if (reading.kind === 'keep-alive') return;
    this.waiting.push(reading);
    if (this.waiting.length >= maxWaiting) this.peer.pause();
    if (!this.isServing) this.serving = this.serve();
  }

  onUnfollowable(): void {
    this.answer(errorAnswer(failures.generic));
  }

  onTooSlow(): void {
    this.parts.core.hub.noteTooSlow({ way: 'chateau' });
  }

  onClose(): void {
    this.isClosed = true;
    this.waiting.length = 0;
    const { entrant } = this;
    this.entrant = null;
    if (entrant !== null) this.parts.core.hub.detach(entrant.user);
    // What they are saying just now is said by somebody who is still there.
    this.onLeft(this.serving.then(() => (entrant === null ? undefined : leave(this.parts, entrant))));
  }

  /** From now on this is who the connection is for. */
  admit(entrant: Entrant): void {
    this.entrant = entrant;
    this.peer.setDeadline(null);
  }

  /** Takes what its user is told. */
  onEvent(event: ChateauEvent): void {
    if (event.kind === 'kept-out') {
      this.keptOutFor = event.reason;
      return;
    }
    if (this.early !== null) {
      this.early.push(event);
      return;
    }
    const isOwn = event.by === this.entrant?.user.username;
    if (!isOwn && event.kind === 'message') this.peer.send(event.frame);
    else if (isOwn && this.held !== null) this.held.push(event);
    else if (isOwn && !this.said.includes(event.subject)) this.peer.send(event.frame);
  }

  /** Ends the connection because core says so. */
  end(isKeptOut: boolean): void {
    this.waiting.length = 0;
    if (isKeptOut) this.peer.close(closeCodes.policy, this.keptOutFor);
    else this.peer.close(closeCodes.goingAway, 'the server stops');
  }

  private async serve(): Promise<void> {
    this.isServing = true;
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      const outcome = next.kind === 'request' ? await this.outcomeOf(next.request) : unreadable;
      if (this.isClosed) break;
      this.answer(outcome.answer);
      this.release(outcome.said ?? []);
      if (this.waiting.length === 0) this.peer.resume();
    }
    this.isServing = false;
  }

  private async outcomeOf(request: ChateauRequest): Promise<Outcome> {
    const command = commands[request.type] as Command<ChateauRequest>;
    this.held = [];
    try {
      if (command.kind === 'entry') return await command.serve(this, request);
      if (this.entrant === null) return { answer: errorAnswer(command.otherwise) };
      return await command.serve(this, request, this.entrant);
    } catch (error) {
      if (error instanceof Refusal) return { answer: answerFor(error, command.numbers(request)) };
      this.parts.logger.error('a request failed', { type: request.type, error });
      return { answer: errorAnswer(failures.generic) };
    }
  }

  /** Passes on what was held back, but for what the answer has said. */
  private release(said: readonly string[]): void {
    this.said = said;
    const { held } = this;
    this.held = null;
    this.tellEarly();
    for (const { subject, frame } of held ?? []) if (!said.includes(subject)) this.peer.send(frame);
  }

  /** Passes on what was said between the attaching and the answer. */
  private tellEarly(): void {
    const { early } = this;
    if (this.entrant === null || early === null) return;
    this.early = null;
    for (const event of early) this.onEvent(event);
  }

  private answer(answer: ChateauAnswer): void {
    this.peer.send(answerFrame(answer));
  }
}

const unreadable: Outcome = { answer: errorAnswer(failures.generic) };
