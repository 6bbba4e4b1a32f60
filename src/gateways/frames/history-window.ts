import type { Clock, Timers } from '../../core/clock.ts';
import type { MessageView } from '../../core/live/events.ts';
import { type HistoryLine, encodeHistory, lineOf, maxLines } from './history-lines.ts';

/** Somebody who looks at a conversation. */
export interface HistoryViewer {
  /** Bytes that they have not taken yet. */
  readonly unsentBytes: number;
  /** Whether they may still see the conversation; who may not stops looking. */
  staysLooking(): boolean;
  /** @param lastSeq the number of the newest message in it */
  showHistory(frame: Buffer, lastSeq: number): void;
}

/** Between two frames of one conversation, at least. */
const leastPause = 50;
/** What all frames of one conversation may come to in a second: a frame holds everything, not only what is new. */
const bytesPerSecond = 25_000_000;
/** Who has more than this to take yet gets the next frame later: it holds what they would have missed. */
const maxUnsentBytes = 128 * 1024;
const laterMilliseconds = 250;

/** Who says what an admin says to everybody: no username holds a space. */
const administration = 'the server';
/** Notices that are shown at most. */
const maxNotices = 20;

/** What an admin says to everybody. */
export interface Notice {
  readonly at: number;
  readonly text: string;
}

interface Entry {
  readonly seq: number;
  readonly revision: number;
  readonly line: HistoryLine | null;
}

/**
 * The newest messages of one conversation, for all who see the same of it: written once, and sent again whenever
 * something changes, though not for each of many changes.
 */
export class HistoryWindow {
  readonly viewers = new Set<HistoryViewer>();
  roomId: string | null;
  private entries: Entry[] = [];
  /** They are no messages, and stand after the one that was the newest when they came. */
  private notices: { readonly notice: Notice; readonly afterSeq: number; readonly line: HistoryLine }[] = [];
  private isCut: boolean;
  private encoded: Buffer | null | undefined = undefined;
  private lastNoted: MessageView | null = null;
  private readonly behind = new Set<HistoryViewer>();
  private quietUntil = 0;
  private hasChanged = false;
  private cancel: (() => void) | null = null;
  private readonly clock: Clock;
  private readonly timers: Timers;

  /** @param page what the store has of it, with whether there is more before that */
  constructor(
    parts: { readonly clock: Clock; readonly timers: Timers },
    roomId: string | null,
    page: { readonly messages: readonly MessageView[]; readonly hasMore: boolean },
  ) {
    this.clock = parts.clock;
    this.timers = parts.timers;
    this.roomId = roomId;
    this.isCut = page.hasMore;
    this.entries = page.messages.map(entryOf);
  }

  /** Whether both begin at the same place: who sees the one sees the other. */
  isLike(other: HistoryWindow): boolean {
    if (this.isCut || other.isCut) return this.isCut && other.isCut;
    return this.entries[0]?.seq === other.entries[0]?.seq;
  }

  /** The number of the newest message; 0 when there is none. */
  get lastSeq(): number {
    return this.entries.at(-1)?.seq ?? 0;
  }

  /** Everything as one frame; null for an empty conversation. */
  frame(): Buffer | null {
    if (this.encoded === undefined) {
      this.encoded = encodeHistory(this.lines());
    }
    return this.encoded;
  }

  /** Takes note of a message that was sent, edited or deleted. Every viewer may say so: the first one counts. */
  note(message: MessageView): void {
    if (message === this.lastNoted) return;
    this.lastNoted = message;
    this.roomId ??= message.roomId;
    if (!this.place(entryOf(message))) return;
    this.encoded = undefined;
    this.hasChanged = true;
    this.schedule();
  }

  /** Shows what an admin says. Every viewer may say so: the first one counts. */
  tell(notice: Notice): void {
    const line = lineOf({ sender: administration, text: notice.text, sentAt: notice.at });
    if (line === null || this.notices.some((each) => each.notice === notice)) return;
    this.notices = [...this.notices, { notice, afterSeq: this.lastSeq, line }].slice(-maxNotices);
    this.encoded = undefined;
    this.hasChanged = true;
    this.schedule();
  }

  /** Lets a viewer go. */
  leave(viewer: HistoryViewer): void {
    this.viewers.delete(viewer);
    this.behind.delete(viewer);
    if (this.viewers.size > 0) return;
    this.cancel?.();
    this.cancel = null;
  }

  private lines(): HistoryLine[] {
    const lines = this.entries.map(({ seq, line }) => ({ seq, line }));
    // The sort is stable: of the same number the message comes first.
    const all = [...lines, ...this.notices.map(({ afterSeq, line }) => ({ seq: afterSeq, line }))];
    if (this.notices.length > 0) all.sort((one, other) => one.seq - other.seq);
    return all.flatMap(({ line }) => line ?? []).slice(-maxLines);
  }

  /** Puts an entry where it belongs by its number. False where it changes nothing. */
  private place(entry: Entry): boolean {
    let at = this.entries.length;
    while (at > 0 && (this.entries[at - 1]?.seq ?? 0) > entry.seq) at--;
    const before = this.entries[at - 1];
    if (before?.seq === entry.seq) {
      if (before.revision >= entry.revision) return false;
      this.entries[at - 1] = entry;
      return true;
    }
    if (at === 0 && this.isCut) return false;
    this.entries.splice(at, 0, entry);
    if (this.entries.length > maxLines) {
      this.entries.shift();
      this.isCut = true;
    }
    return true;
  }

  private schedule(): void {
    if (this.cancel !== null || this.viewers.size === 0) return;
    const pause = this.quietUntil - this.clock.now();
    if (pause > 0 && pause < 60_000) {
      this.wait(pause);
    } else {
      let isCancelled = false;
      this.cancel = () => (isCancelled = true);
      queueMicrotask(() => {
        if (!isCancelled) this.flush();
      });
    }
  }

  private wait(milliseconds: number): void {
    this.cancel = this.timers.setTimeout(() => this.flush(), milliseconds);
  }

  private flush(): void {
    this.cancel = null;
    const frame = this.frame();
    const receivers = this.hasChanged ? [...this.viewers] : [...this.behind];
    this.hasChanged = false;
    this.behind.clear();
    if (frame === null) return;
    for (const viewer of receivers) {
      if (!viewer.staysLooking()) continue;
      if (viewer.unsentBytes > maxUnsentBytes) this.behind.add(viewer);
      else viewer.showHistory(frame, this.lastSeq);
    }
    const cost = (frame.length * receivers.length * 1000) / bytesPerSecond;
    this.quietUntil = this.clock.now() + Math.max(leastPause, cost);
    if (this.behind.size > 0) this.wait(Math.max(laterMilliseconds, cost));
  }
}

function entryOf(message: MessageView): Entry {
  return { seq: message.seq, revision: message.revision, line: lineOf(message) };
}
