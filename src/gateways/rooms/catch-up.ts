import type { MessageView } from '../../core/live/events.ts';
import type { RoomView } from '../../core/rooms/listings.ts';

/** Most messages of one room that somebody who signs in is shown, and of all rooms together. */
const mostOfRoom = 50;
const mostOfAll = 200;
/** Messages that are read at once: the next ones only when these have left. */
const pageSize = 10;

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

  /** Shows room after room. Stops when the connection ends. @throws what reading throws */
  async run(unread: readonly Unread[]): Promise<void> {
    try {
      for (const { roomId, after } of unread) {
        if (!(await this.showRoom(roomId, after))) return;
        this.behind.delete(roomId);
      }
    } finally {
      for (const { roomId } of unread) this.behind.delete(roomId);
    }
  }

  private async showRoom(roomId: string, after: number): Promise<boolean> {
    let at = after;
    while ((this.behind.get(roomId) ?? 0) > at) {
      const messages = await this.parts.read(roomId, at, pageSize);
      for (const message of messages) {
        this.parts.show(message);
        at = message.seq;
      }
      if (messages.length === 0) return true;
      if (!(await this.parts.whenSent())) return false;
    }
    return true;
  }
}
