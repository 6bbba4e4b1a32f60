import type { Clock, Timers } from '../clock.ts';
import type { LiveEvent } from '../live/events.ts';

type TypingEvent = Extract<LiveEvent, { kind: 'typing' }>;

/**
 * Longer than a node goes without repeating that somebody types: with nothing heard for so long, the end of it was lost,
 * or the node that knew is gone.
 */
const forgottenMilliseconds = 10_000;

/** Who was told to be typing in the rooms followed here, whichever node they are on: it ends by itself. */
export class TypingNames {
  private readonly options: {
    clock: Clock;
    timers: Timers;
    tell: (event: TypingEvent, membersVersion: number) => void;
  };
  private readonly cancels = new Map<string, () => void>();

  constructor(options: TypingNames['options']) {
    this.options = options;
  }

  /** Takes note of what the room is to be told. Returns whether there is anything new in it. */
  told(event: TypingEvent, membersVersion: number): boolean {
    const name = nameOf(event.roomId, event.username);
    this.cancels.get(name)?.();
    const wasTyping = this.cancels.delete(name);
    if (!event.typing) return wasTyping;
    const cancel = this.options.timers.setTimeout(() => {
      this.options.tell({ ...event, at: this.options.clock.now(), typing: false }, membersVersion);
      this.cancels.delete(name);
    }, forgottenMilliseconds);
    this.cancels.set(name, cancel);
    return true;
  }

  /** A message from them says more than that they were typing. Returns whether they were. */
  ended(roomId: string, username: string | null): boolean {
    if (this.cancels.size === 0 || username === null) return false;
    const name = nameOf(roomId, username);
    this.cancels.get(name)?.();
    return this.cancels.delete(name);
  }

  stop(): void {
    for (const cancel of this.cancels.values()) cancel();
    this.cancels.clear();
  }
}

function nameOf(roomId: string, username: string): string {
  return `${roomId} ${username}`;
}
