import type { LiveEvent, MessageView } from '../live/events.ts';

/** What is told of a message: that it was sent, edited or deleted. */
export type MessageEvent = Extract<LiveEvent, { kind: 'message' }>;

/** A message as it is told, with the version of the room's membership under which it is. */
export interface ToldMessage {
  readonly event: MessageEvent;
  readonly version: number;
}

/** Events that wait for one before them, at most: those beyond are read from the store in their turn. */
const maxHeld = 1_000;

/**
 * The order in which one room's messages are told here: by their numbers, each once, and edits by the room's count of
 * them. What comes too early waits; what comes again is left out.
 */
export class RoomSequence {
  private lastSeq: number;
  private lastRevision: number;
  private knownSeq: number;
  private knownRevision: number;
  private readonly messages = new Map<number, ToldMessage>();
  private readonly revisions = new Map<number, ToldMessage>();
  /** Deletions that were told with the message itself. */
  private readonly toldDeletions = new Set<number>();

  constructor(start: { readonly lastSeq: number; readonly lastRevision: number }) {
    this.lastSeq = this.knownSeq = start.lastSeq;
    this.lastRevision = this.knownRevision = start.lastRevision;
  }

  /** Number and count of edits of what was told last. */
  get position(): { readonly lastSeq: number; readonly lastRevision: number } {
    return { lastSeq: this.lastSeq, lastRevision: this.lastRevision };
  }

  /** Whether the room is known to have come further than was told. */
  get isBehind(): boolean {
    return this.lastSeq < this.knownSeq || this.lastRevision < this.knownRevision;
  }

  /** Takes note of how far the room has come. */
  reached(position: { readonly lastSeq: number; readonly lastRevision: number }): void {
    this.knownSeq = Math.max(this.knownSeq, position.lastSeq);
    this.knownRevision = Math.max(this.knownRevision, position.lastRevision);
  }

  /** Takes an event in. Returns what is to be told now, in order. */
  take(told: ToldMessage): ToldMessage[] {
    const { seq, revision } = told.event;
    if (revision === 0) {
      this.knownSeq = Math.max(this.knownSeq, seq);
      if (seq > this.lastSeq && this.messages.size < maxHeld) this.messages.set(seq, told);
    } else {
      this.reached({ lastSeq: seq, lastRevision: revision });
      if (revision > this.lastRevision && this.revisions.size < maxHeld) this.revisions.set(revision, told);
    }
    return this.next();
  }

  /** Takes a message in as the store has it now. Returns what is to be told now, in order. */
  takeStored(message: MessageView, version: number): ToldMessage[] {
    if (message.seq <= this.lastSeq) return [];
    // Whoever is told of it for the first time is told of a message; that it was edited is told after it.
    const first = message.text === null ? message : { ...message, editedAt: null, revision: 0 };
    this.lastSeq = message.seq;
    this.messages.delete(message.seq);
    if (message.text === null) this.toldDeletions.add(message.revision);
    const event: MessageEvent = { kind: 'message', at: message.sentAt, ...first };
    return [{ event, version }, ...this.next()];
  }

  /** The same for one that was edited or deleted; those between are contained in it or in others. */
  takeStoredRevision(message: MessageView, version: number): ToldMessage[] {
    if (message.revision <= this.lastRevision || message.seq > this.lastSeq) return [];
    const isTold = this.toldDeletions.has(message.revision);
    this.skipRevisionsTo(message.revision);
    if (isTold) return this.next();
    const at = message.deletedAt ?? message.editedAt ?? message.sentAt;
    return [{ event: { kind: 'message', at, ...message }, version }, ...this.next()];
  }

  /** All edits up to this one were told, or were overtaken by others. */
  skipRevisionsTo(revision: number): void {
    for (const held of this.revisions.keys()) if (held <= revision) this.revisions.delete(held);
    for (const told of this.toldDeletions) if (told <= revision) this.toldDeletions.delete(told);
    this.lastRevision = Math.max(this.lastRevision, revision);
  }

  private next(): ToldMessage[] {
    const next: ToldMessage[] = [];
    for (;;) {
      const message = this.messages.get(this.lastSeq + 1);
      const revision = this.revisions.get(this.lastRevision + 1);
      if (message !== undefined) {
        this.lastSeq += 1;
        this.messages.delete(this.lastSeq);
        next.push(message);
      } else if (revision !== undefined && revision.event.seq <= this.lastSeq) {
        this.lastRevision += 1;
        this.revisions.delete(this.lastRevision);
        if (!this.toldDeletions.delete(this.lastRevision)) next.push(revision);
      } else {
        return next;
      }
    }
  }
}
