import type { Timers } from '../../core/clock.ts';

/** What was delivered is written down this often, so that little of it comes again after a crash. */
const writeMilliseconds = 5_000;

export interface ReadMarksParts {
  readonly timers: Timers;
  /** Fulfilled when all that was sent so far has gone; false when it never will. */
  readonly whenSent: () => Promise<boolean>;
  /** Writes down that the user has read the room up to there. Never rejects. */
  readonly write: (roomId: string, seq: number) => Promise<void>;
}

/**
 * Remembers how far a user has read, so that the next sign-in goes on from there: this protocol's people read what is
 * delivered to them. Only what has left counts as delivered.
 */
export class ReadMarks {
  private readonly parts: ReadMarksParts;
  private sent = new Map<string, number>();
  private delivered = new Map<string, number>();
  private isAsking = false;
  private isClosed = false;
  private cancelWriting: (() => void) | null = null;

  constructor(parts: ReadMarksParts) {
    this.parts = parts;
  }

  /** Takes note of a message that was handed to the connection. */
  note(roomId: string, seq: number): void {
    this.sent.set(roomId, seq);
    if (this.isAsking) return;
    this.isAsking = true;
    void this.parts.whenSent().then((isSent) => {
      this.isAsking = false;
      if (isSent) this.takeSent();
    });
  }

  /** Writes down what there is, after the connection has ended. */
  async close(): Promise<void> {
    // What has just left is noted in a moment.
    await Promise.resolve();
    this.isClosed = true;
    this.cancelWriting?.();
    await this.write();
  }

  private takeSent(): void {
    for (const [roomId, seq] of this.sent) this.delivered.set(roomId, seq);
    this.sent.clear();
    if (this.isClosed) return;
    this.cancelWriting ??= this.parts.timers.setTimeout(() => {
      this.cancelWriting = null;
      void this.write();
    }, writeMilliseconds);
  }

  private async write(): Promise<void> {
    const { delivered } = this;
    this.delivered = new Map();
    for (const [roomId, seq] of delivered) await this.parts.write(roomId, seq);
  }
}
