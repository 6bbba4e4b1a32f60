import type { Timers } from '../../core/clock.ts';
import { Refusal } from '../../core/errors.ts';
import type { MessageView } from '../../core/live/events.ts';
import type { RoomView } from '../../core/rooms/listings.ts';

/** Most messages of one room that somebody who signs in is shown, and of all rooms together. */
const mostOfRoom = 50;
const mostOfAll = 200;
/** Messages that are read at once: the next ones only when these have left. */
const pageSize = 10;
/** How long a room that cannot be read just now is left alone, at first and at most. */
const firstPause = 1_000;
const longestPause = 60_000;

/** A room in which there is something to show. */
export interface Unread {
  readonly roomId: string;
  /** The number of the last message that is not to be shown. */
  readonly after: number;
  readonly upTo: number;
}

export interface CatchUpParts {
  /** The messages of the room that come after the number, some of them. */
  readonly read: (roomId: string, after: number, limit: number) => Promise<readonly MessageView[]>;
  readonly show: (message: MessageView) => void;
  /** Fulfilled when all that was shown so far has left; false when it never will. */
  readonly whenSent: () => Promise<boolean>;
  readonly timers: Timers;
  /** Told of what is wrong here when a room cannot be read, the first time. */
  readonly onFault: (error: unknown) => void;
}

/** Which rooms have something that the user has not read, and from where on it is shown: private rooms first. */
export function unreadOf(rooms: readonly RoomView[]): Unread[] {
  const unread: Unread[] = [];
  let left = mostOfAll;
  for (const { room, readSeq } of rooms.toSorted((a, b) => rankOf(a) - rankOf(b))) {
    const after = Math.max(readSeq, room.lastSeq - Math.min(mostOfRoom, left));
    if (after >= room.lastSeq) continue;
    left -= room.lastSeq - after;
    unread.push({ roomId: room.id, after, upTo: room.lastSeq });
  }
  return unread;
}

function rankOf({ room }: RoomView): number {
  return room.kind === 'direct' ? 0 : 1;
}

/**
 * Shows what was said before, out of the store and no faster than the connection takes it. What is said meanwhile in a room
 * that is not caught up with comes in its turn, from the store as well: nothing is held in memory for a slow reader.
 */
export class CatchUp {
  private readonly parts: CatchUpParts;
  /** By room: how far there is something to show. */
  private readonly behind = new Map<string, number>();
  private isOver = false;
  private hasFailed = false;
  private readonly wakes = new Set<() => void>();

  constructor(parts: CatchUpParts) {
    this.parts = parts;
  }

  /** Whether messages of the room wait for older ones; then this one does too. */
  defers(roomId: string, seq: number): boolean {
    const upTo = this.behind.get(roomId);
    if (upTo === undefined) return false;
    this.behind.set(roomId, Math.max(upTo, seq));
    return true;
  }

  /** Takes the rooms as ones that are behind, at once; `run` shows them. */
  add(unread: readonly Unread[]): void {
    for (const { roomId, upTo } of unread) this.behind.set(roomId, upTo);
  }

  /**
   * Shows room after room. One that cannot be read just now stays behind, and is tried again after the others: were what
   * is said there now shown instead, the older messages would count as read. Stops when the connection ends.
   */
  async run(unread: readonly Unread[]): Promise<void> {
    let left: readonly Position[] = unread;
    for (let pause = firstPause; left.length > 0; pause = Math.min(2 * pause, longestPause)) {
      const failed: Position[] = [];
      for (const position of left) {
        const at = await this.showRoom(position);
        if (at !== null) failed.push({ ...position, after: at });
        if (this.isOver) return;
      }
      left = failed;
      if (left.length > 0) await this.pause(pause);
      if (this.isOver) return;
    }
  }

  /** Shows nothing more. */
  stop(): void {
    this.isOver = true;
    for (const wake of this.wakes) wake();
  }

  /** @returns the number after which to go on later; null when there is nothing to show any more */
  private async showRoom({ roomId, after }: Position): Promise<number | null> {
    let at = after;
    try {
      while ((this.behind.get(roomId) ?? 0) > at) {
        const messages = await this.parts.read(roomId, at, pageSize);
        if (this.isOver) return null;
        for (const message of messages) {
          this.parts.show(message);
          at = message.seq;
        }
        if (messages.length === 0) break;
        if (!(await this.parts.whenSent())) this.isOver = true;
        if (this.isOver) return null;
      }
    } catch (error) {
      if (this.isForLater(error)) return at;
      // Whoever was removed from the room meanwhile is not shown what was said there.
    }
    this.behind.delete(roomId);
    return null;
  }

  private isForLater(error: unknown): boolean {
    if (error instanceof Refusal) return error.code === 'busy' || error.code === 'rate_limited';
    if (!this.hasFailed) this.parts.onFault(error);
    this.hasFailed = true;
    return true;
  }

  private async pause(milliseconds: number): Promise<void> {
    let wake = (): void => {};
    await new Promise<void>((resolve) => {
      const cancel = this.parts.timers.setTimeout(resolve, milliseconds);
      wake = () => {
        cancel();
        resolve();
      };
      this.wakes.add(wake);
    });
    this.wakes.delete(wake);
  }
}

/** A room, and the number of the message after which it is shown. */
type Position = Pick<Unread, 'roomId' | 'after'>;
