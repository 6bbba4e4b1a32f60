import type { Caller } from '../../core/caller.ts';
import type { GatewayParts } from '../gateway-parts.ts';

/** What was shown counts as read after this, so that a lively conversation is not a mark for each message. */
const gatherMilliseconds = 2_000;

/** Remembers how far a user has been shown a conversation. */
export class ReadMarks {
  private readonly parts: Pick<GatewayParts, 'core' | 'timers' | 'logger'>;
  private readonly user: Caller;
  private waiting: { readonly roomId: string; readonly seq: number } | null = null;
  private cancel: (() => void) | null = null;
  private marking: Promise<void> = Promise.resolve();

  constructor(parts: Pick<GatewayParts, 'core' | 'timers' | 'logger'>, user: Caller) {
    this.parts = parts;
    this.user = user;
  }

  /** Takes note of what was shown. */
  shown(roomId: string, seq: number): void {
    if (this.waiting !== null && this.waiting.roomId !== roomId) this.settle();
    this.waiting = { roomId, seq };
    this.cancel ??= this.parts.timers.setTimeout(() => this.settle(), gatherMilliseconds);
  }

  /** Marks what waits now. */
  settle(): void {
    this.cancel?.();
    this.cancel = null;
    const { waiting } = this;
    this.waiting = null;
    if (waiting === null) return;
    const mark = async (): Promise<void> => {
      try {
        await this.parts.core.markRead(this.user, { room: waiting.roomId, seq: waiting.seq });
      } catch (error) {
        // Who has left the room meanwhile, or is too fast, has nothing marked.
        this.parts.logger.debug('nothing was marked as read', { error });
      }
    };
    this.marking = this.marking.then(mark);
  }

  /** Fulfilled when everything is marked that was to be. */
  async settled(): Promise<void> {
    this.settle();
    await this.marking;
  }
}
