import type { Message, Position } from './messaging-types.ts';

/** What counts of a message when it is about what was received. */
type Numbered = Pick<Message, 'seq' | 'revision'>;

/** How far the messages of one room, and the edits of them, were handed out: each once and in order. */
export class RoomProgress {
  private lastSeq: number;
  private lastRevision: number;
  /** Messages that were handed out in an edition newer than `lastRevision`: number -> revision. */
  private readonly ahead = new Map<number, number>();

  constructor(position: Position) {
    this.lastSeq = position.seq;
    this.lastRevision = position.revision;
  }

  /** Number of the last message that was handed out, or counts as if it had been. */
  get seq(): number {
    return this.lastSeq;
  }

  /** All edits up to this one are handed out, or are none of this user's. */
  get revision(): number {
    return this.lastRevision;
  }

  /** Whether messages between the last one and this one are missing. */
  isBeyondHole(message: Numbered): boolean {
    return message.seq > this.lastSeq + 1;
  }

  /** Whether edits between the last one and this one are missing. */
  isBeyondUnknownEdits(message: Numbered): boolean {
    return message.revision > this.lastRevision + 1;
  }

  /** Takes note of a message with nothing missing before it. Returns whether it is to be handed out. */
  take(message: Numbered): boolean {
    if (message.seq <= this.lastSeq) return false;
    this.lastSeq = message.seq;
    if (message.revision > this.lastRevision) this.ahead.set(message.seq, message.revision);
    return true;
  }

  /** Takes note of an edit with none missing before it. Returns whether it is to be handed out. */
  takeEdit(message: Numbered): boolean {
    if (message.revision <= this.lastRevision) return false;
    const handedOut = this.ahead.get(message.seq) ?? 0;
    this.skipEditsTo(message.revision);
    // One that was not handed out yet comes in its turn, edited.
    return message.seq <= this.lastSeq && handedOut < message.revision;
  }

  /** All edits up to this one count as handed out. */
  skipEditsTo(revision: number): void {
    this.lastRevision = Math.max(this.lastRevision, revision);
    for (const [seq, known] of this.ahead) if (known <= this.lastRevision) this.ahead.delete(seq);
  }

  /** A server that was set back to an earlier state counts on from there. */
  rewindTo(position: Position): void {
    this.lastSeq = Math.min(this.lastSeq, position.seq);
    if (position.revision >= this.lastRevision) return;
    this.lastRevision = position.revision;
    this.ahead.clear();
  }
}
