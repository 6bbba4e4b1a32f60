import { foldName } from '../../core/names/username.ts';
import type { RoomView } from '../../core/rooms/listings.ts';
import { roomNameKey } from '../../core/rooms/room-name.ts';
import type { Reader } from '../../core/store.ts';

/**
 * The names under which one connection knows the rooms its user is in. In this protocol the name is all there is of a room,
 * private ones included, so that a name belongs to one room as long as the connection lasts: what is written to it
 * never goes to another room that was made or entered since.
 */
export class RoomNames {
  private readonly ids = new Map<string, string>();
  private readonly names = new Map<string, string>();

  idOf(name: string): string | null {
    return this.ids.get(roomNameKey(name)) ?? null;
  }

  nameOf(roomId: string): string | null {
    return this.names.get(roomId) ?? null;
  }

  /** Gives the room a name: its own, or, where another room has that already, with `+` added. */
  add(roomId: string, name: string, nameWith = (plus: string): string => `${name}${plus}`): string {
    let free = name;
    for (let plus = '+'; this.ids.has(roomNameKey(free)); plus += '+') free = nameWith(plus);
    this.ids.set(roomNameKey(free), roomId);
    this.names.set(roomId, free);
    return free;
  }

  /** Names the private room of two users. */
  async addPrivate(read: Reader, roomId: string, one: string, other: string): Promise<string> {
    const [first = '', second = ''] = [one, other].sort(inCodePointOrder);
    const joined = `${first}${second}`;
    const isTaken = (await read.rooms.byNameKey(roomNameKey(joined))) !== null;
    const known = this.names.get(roomId);
    if (known !== undefined) return known;
    return this.add(roomId, isTaken ? `${first}+${second}` : joined, (plus) => `${first}${plus}${second}`);
  }

  remove(roomId: string): void {
    const name = this.names.get(roomId);
    if (name === undefined) return;
    this.names.delete(roomId);
    this.ids.delete(roomNameKey(name));
  }
}

/** Names every room the user is in, those that have names first. Returns the names in order. */
export async function nameRooms(
  names: RoomNames,
  read: Reader,
  username: string,
  rooms: readonly RoomView[],
): Promise<string[]> {
  const given: string[] = [];
  for (const { room } of rooms) if (room.name !== null) given.push(names.add(room.id, room.name));
  for (const { room, with: other } of rooms) {
    if (room.name === null) given.push(await names.addPrivate(read, room.id, username, other ?? ''));
  }
  return given.sort((a, b) => inCodePointOrder(foldName(a), foldName(b)));
}

/** As the existing servers sort: by code points, not by UTF-16 units. */
function inCodePointOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
