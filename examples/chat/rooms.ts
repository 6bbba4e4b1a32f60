import type { Message, Room } from './sdk.ts';

/** The rooms as this program knows them: what they are called, and how much in them is unread. */
export class RoomList {
  private readonly rooms = new Map<string, Room>();
  private readonly unreadOf = new Map<string, number>();

  /** Takes the rooms as the server lists them. */
  take(rooms: readonly Room[]): void {
    this.rooms.clear();
    for (const room of rooms) {
      this.rooms.set(room.id, room);
      this.unreadOf.set(room.id, room.state === 'member' ? Math.max(0, room.last_seq - room.read_seq) : 0);
    }
  }

  all(): readonly Room[] {
    return [...this.rooms.values()];
  }

  unread(id: string): number {
    return this.unreadOf.get(id) ?? 0;
  }

  /** Counts one more. Returns how many that makes. */
  addUnread(id: string): number {
    const count = this.unread(id) + 1;
    this.unreadOf.set(id, count);
    return count;
  }

  readAll(id: string): void {
    this.unreadOf.set(id, 0);
  }
}

/** What people call the room a message or an event is about. */
export function titleOf(
  place: Pick<Message, 'room' | 'room_name'> & { readonly with?: string | null },
): string {
  return place.room_name ?? (place.with ? `@${place.with}` : place.room);
}

/** What people call a room of the list. */
export function roomTitle(room: Room): string {
  return titleOf({ room: room.id, room_name: room.name, with: room.with });
}
