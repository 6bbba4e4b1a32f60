import type { Clock, Timers } from '../clock.ts';
import { type TypingEvent, repeatMilliseconds } from '../live/typing.ts';

/**
 * Longer than a node goes without repeating that somebody types: with nothing heard for so long, the end of it was lost,
 * or the node that knew is gone.
 */
const forgottenMilliseconds = 10_000;
/** What one node says again in its time may have come sooner than it was said. */
const newMilliseconds = repeatMilliseconds - 500;

/** Who was told to be typing in the rooms followed here, whichever node they are on: it ends by itself. */
export class TypingNames {
  private readonly options: {
    clock: Clock;
    timers: Timers;
    tell: (event: TypingEvent, membersVersion: number) => void;
  };
  /** `toldAt` by the clock here; `latest` of all that nodes have told, by theirs. */
  private readonly typing = new Map<string, { toldAt: number; latest: number; cancel: () => void }>();

  constructor(options: TypingNames['options']) {
    this.options = options;
  }

  /** Takes note of what the room is to be told. Returns whether there is anything new in it. */
  told(event: TypingEvent, membersVersion: number): boolean {
    const { clock, timers, tell } = this.options;
    const name = nameOf(event.roomId, event.username);
    const before = this.typing.get(name);
    // What one node told has run out, while they went on through another.
    if (before !== undefined && event.toldAt !== undefined && event.toldAt < before.latest) return false;
    const wasTyping = this.take(name);
    if (!event.typing) return wasTyping;
    const now = clock.now();
    const cancel = timers.setTimeout(() => {
      tell({ ...event, at: clock.now(), typing: false }, membersVersion);
      this.typing.delete(name);
    }, forgottenMilliseconds);
    // Two nodes may both have been told for the first time.
    const isRepeat = before !== undefined && now - before.toldAt < newMilliseconds;
    const latest = Math.max(event.at, before?.latest ?? event.at);
    this.typing.set(name, { toldAt: isRepeat ? before.toldAt : now, latest, cancel });
    return !isRepeat;
  }

  /** A message from them says more than that they were typing. Returns whether they were. */
  ended(roomId: string, username: string | null): boolean {
    return username !== null && this.take(nameOf(roomId, username));
  }

  stop(): void {
    for (const { cancel } of this.typing.values()) cancel();
    this.typing.clear();
  }

  private take(name: string): boolean {
    this.typing.get(name)?.cancel();
    return this.typing.delete(name);
  }
}

function nameOf(roomId: string, username: string): string {
  return `${roomId} ${username}`;
}
