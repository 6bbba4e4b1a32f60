import type { Caller } from '../../core/caller.ts';
import type { MessageView } from '../../core/live/events.ts';
import type { GatewayParts } from '../gateway-parts.ts';
import { maxLines } from './history-lines.ts';
import { type HistoryViewer, HistoryWindow, type Notice } from './history-window.ts';
import type { Place } from './receiver.ts';

/** Of messages that come while a history is read, only the newest will be shown. */
const maxMissed = 5 * maxLines;

/** One viewer's look at a conversation: from when it is opened they are shown all that changes. */
export class HistoryView {
  private readonly place: Place;
  private window: HistoryWindow | null = null;
  private missed: MessageView[] = [];
  private readonly viewer: HistoryViewer;

  constructor(place: Place, viewer: HistoryViewer) {
    this.place = place;
    this.viewer = viewer;
  }

  /** Whether a message belongs to the conversation. */
  concerns({ roomId, pair }: MessageView): boolean {
    const { place } = this;
    if (place.kind === 'room') return place.roomId === roomId;
    return pair?.some(({ userId }) => userId === place.otherId) === true;
  }

  /** Takes note of a message of the conversation. */
  note(message: MessageView): void {
    if (this.window !== null) this.window.note(message);
    else this.miss(message);
  }

  /** Shows what an admin says to everybody. */
  tell(notice: Notice): void {
    this.window?.tell(notice);
  }

  private miss(message: MessageView): void {
    this.missed.push(message);
    if (this.missed.length > maxMissed) this.missed = this.missed.slice(-maxLines);
  }

  /** The room, once there is one. */
  get roomId(): string | null {
    return this.window?.roomId ?? this.place.roomId;
  }

  /** Looks through this window from now on. */
  enter(window: HistoryWindow): void {
    this.window = window;
    window.viewers.add(this.viewer);
  }

  /** Brings a window to now. */
  catchUp(window: HistoryWindow): void {
    for (const message of this.missed) window.note(message);
    this.missed = [];
  }

  /** Stops looking. Returns the window when nobody else looks through it. */
  leave(): HistoryWindow | null {
    const { window } = this;
    this.window = null;
    window?.leave(this.viewer);
    return window?.viewers.size === 0 ? window : null;
  }
}

/** The conversations that somebody looks at, each held once for all who see the same of it. */
export class Histories {
  private readonly parts: Pick<GatewayParts, 'core' | 'clock' | 'timers'>;
  private readonly windows = new Map<string, HistoryWindow[]>();

  constructor(parts: Pick<GatewayParts, 'core' | 'clock' | 'timers'>) {
    this.parts = parts;
  }

  /**
   * Reads the conversation as the caller may see it, and shows it where there is something. Messages that come meanwhile
   * are to be noted in the view.
   *
   * @throws Refusal `room_unknown`, `not_a_member` and its kin
   */
  async open(caller: Caller, place: Place, view: HistoryView, viewer: HistoryViewer): Promise<void> {
    const page = await this.page(caller, place.roomId);
    const fresh = new HistoryWindow(this.parts, place.roomId, page);
    view.catchUp(fresh);
    const known = this.windows.get(place.id) ?? [];
    const shared = known.find((each) => each.isLike(fresh));
    const window = shared ?? fresh;
    if (shared === undefined) this.windows.set(place.id, [...known, fresh]);
    view.enter(window);
    const frame = window.frame();
    if (frame !== null) viewer.showHistory(frame, window.lastSeq);
  }

  /** Lets go of a view, and of what nobody looks at any more. */
  close(place: Place, view: HistoryView): void {
    const unseen = view.leave();
    if (unseen === null) return;
    const left = (this.windows.get(place.id) ?? []).filter((each) => each !== unseen);
    if (left.length === 0) this.windows.delete(place.id);
    else this.windows.set(place.id, left);
  }

  private async page(caller: Caller, roomId: string | null) {
    if (roomId === null) return { messages: [], hasMore: false };
    const newest = { afterSeq: null, beforeSeq: null, afterRevision: null, limit: maxLines };
    return this.parts.core.listMessages(caller, { place: { room: roomId }, ...newest });
  }
}
