import { type NameHold, nameHoldMilliseconds } from '../../core/accounts/name-holds.ts';
import { Refusal } from '../../core/errors.ts';
import type { EndReason } from '../../core/live/connection.ts';
import type { GatewayParts } from '../gateway-parts.ts';
import type { Peer, Protocol } from '../socket/peer.ts';
import { type TurnTaker, Turns } from '../socket/turns.ts';
import { ChatroomReader, type Reading } from './codec.ts';
import { commandFor } from './commands.ts';
import type { Told } from './event-form.ts';
import { type Member, isNameOf } from './member.ts';
import type { Request } from './requests.ts';
import { leaveSeat } from './going-in.ts';
import { isOutdated } from './version.ts';
import { words } from './words.ts';

/** What all conversations of the gateway share. */
export interface ConversationParts extends GatewayParts {
  /** Clients that say they are older are turned away; null: none. */
  readonly minVersion: string | null;
  /** Told when it is over, for whatever reason. */
  readonly onEnd: (conversation: Conversation) => void;
  /** Told of what goes on after a connection is closed. */
  readonly onFarewell: (done: Promise<void>) => void;
}

/** Time to log in or to begin a registration. */
const loginMilliseconds = 30_000;
const nothing = (): void => {};

/** One connection of the gateway, from its first byte to its last. */
export class Conversation implements Protocol, TurnTaker<Reading> {
  readonly peer: Peer;
  readonly parts: ConversationParts;
  member: Member | null = null;
  /** The name that is being registered here. */
  hold: NameHold | null = null;
  wrongPasswords = 0;
  /** Nothing more is said from here on. */
  isOver = false;
  private readonly reader = new ChatroomReader();
  private readonly turns: Turns<Reading>;
  private isRegistering = false;
  private guestId: string | null = null;
  /** Events that came before the answer to the login; null once that is out. */
  private early: Buffer[] | null = [];
  private wake = nothing;

  constructor(peer: Peer, parts: ConversationParts) {
    this.peer = peer;
    this.parts = parts;
    this.turns = new Turns(this);
    peer.setDeadline(loginMilliseconds);
  }

  onBytes(bytes: Buffer): void {
    for (const reading of this.reader.consume(bytes)) {
      if (reading.kind === 'lost' || reading.request !== null || reading.version !== null) {
        this.turns.add(reading);
      }
    }
  }

  onFull(): void {
    this.peer.pauseReading();
  }

  onFree(): void {
    this.peer.resumeReading();
  }

  /** What a member had said before they went is still said. */
  onClose(): void {
    if (this.member === null) this.leave();
    else this.turns.add({ kind: 'lost' });
  }

  /** Answers. */
  tell(...answers: readonly Buffer[]): void {
    for (const answer of answers) this.peer.send(answer);
  }

  /** Says something last, and closes. */
  end(...lastWords: readonly Buffer[]): void {
    if (this.isOver) return;
    this.tell(...lastWords);
    this.leave();
    // Paused, it would not hear that the other side has closed too.
    this.peer.resumeReading();
    this.peer.end();
  }

  /** Waits, or until the conversation is over. */
  async pause(milliseconds: number): Promise<void> {
    if (this.isOver) return;
    await new Promise<void>((resolve) => {
      const cancel = this.parts.timers.setTimeout(resolve, milliseconds);
      this.wake = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Takes what core tells the user. */
  hear({ bytes, except, isLast }: Told): void {
    if (isLast) this.end(bytes);
    else if (except === null || except !== this.member?.user.username) {
      if (this.early === null) this.peer.send(bytes);
      else this.early.push(bytes);
    }
  }

  /** Core ends the connection. */
  endedBy(reason: EndReason): void {
    this.end(...(reason === 'stopping' ? [words.shutdown] : []));
  }

  /** The user is in: answers, and lets through what they were told meanwhile. */
  welcome(...answers: readonly Buffer[]): void {
    this.releaseHold();
    this.peer.setDeadline(null);
    this.tell(...answers, ...(this.early ?? []));
    this.early = null;
  }

  /** Takes note of a guest, whose name is free again afterwards. */
  takeGuest(userId: string): void {
    this.guestId = userId;
    if (this.isOver) this.leaveAsGuest();
  }

  /** Takes note of the name that is being registered, for which there is more time. */
  takeHold(hold: NameHold): void {
    this.hold = hold;
    if (this.isOver) this.releaseHold();
    // Once: who tries one name after another does not stay for ever.
    if (!this.isRegistering) this.peer.setDeadline(nameHoldMilliseconds);
    this.isRegistering = true;
  }

  /** Gives back the name that was being registered. */
  releaseHold(): void {
    if (this.hold !== null) this.parts.core.names.release(this.hold);
    this.hold = null;
  }

  /** Deals with what the client said, in its turn. */
  async deal(reading: Reading): Promise<void> {
    const { core, minVersion, logger } = this.parts;
    if (this.isOver) return;
    if (reading.kind === 'lost') return this.end();
    const { version, request } = reading;
    if (version !== null && minVersion !== null && isOutdated(version, minVersion)) {
      return this.end(words.outdatedClient(minVersion));
    }
    // Who is logged in is told by core; before that nobody else would.
    if (core.bans.ofAddress(this.peer.address) !== null) return this.end(words.banned);
    if (request === null) return;
    try {
      await this.serve(request);
    } catch (error) {
      if (error instanceof Refusal) this.refused(error);
      else logger.error('a request failed', { type: request.type, error });
    }
  }

  private async serve(request: Request): Promise<void> {
    const { member } = this;
    const command = commandFor(request);
    if (command.for === 'members') {
      if (member === null) return;
      if (!isNameOf(member, request.user)) return this.end(words.wrongIp);
      await command.run(this, member, request);
    } else {
      await command.run(this, request);
    }
  }

  /** The protocol has no word for most of what is refused to somebody who is in. */
  private refused({ code }: Refusal): void {
    switch (code) {
      case 'session_unknown':
        return this.end();
      case 'not_a_member':
      case 'membership_pending':
      case 'removed_from_room':
      case 'banned_from_room':
        return this.end(words.banned);
      default:
    }
  }

  private leave(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.turns.stop();
    this.wake();
    this.releaseHold();
    if (this.member !== null) {
      this.parts.core.hub.detach(this.member.user);
      leaveSeat(this, this.member.user.userId);
    }
    this.parts.onEnd(this);
    // What they are saying just now is said by somebody who is still there.
    this.parts.onFarewell(this.turns.settled().then(() => this.leaveAsGuest()));
  }

  private leaveAsGuest(): void {
    const { guestId } = this;
    this.guestId = null;
    if (guestId === null) return;
    const { core, logger, onFarewell } = this.parts;
    onFarewell(
      core.guests.leave(guestId).catch((error: unknown) => {
        logger.error('the name of a guest could not be given back', { error });
      }),
    );
  }
}
