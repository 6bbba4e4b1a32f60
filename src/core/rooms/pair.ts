import type { Pair } from '../live/events.ts';
import type { RoomRow } from '../room-store.ts';
import type { Reader } from '../store.ts';

/** The two of a direct room, with their names now; null for any other room. */
export async function pairOf(
  read: Pick<Reader, 'users'>,
  room: Pick<RoomRow, 'pairKey'>,
): Promise<Pair | null> {
  if (room.pairKey === null) return null;
  const ids = room.pairKey.split(' ');
  const names = await read.users.usernames(ids);
  return ids.map((userId) => ({ userId, username: names.get(userId) ?? null }));
}
