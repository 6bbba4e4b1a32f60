import { Refusal } from '../errors.ts';
import type { RoomRow } from '../room-store.ts';
import type { Reader } from '../store.ts';
import { roomNamed } from '../transactions/memberships.ts';
import { readRoomReference } from './room-reference.ts';

/** The room of this id or name. @throws Refusal `room_unknown`, `invalid_input` */
export async function findRoom(read: Reader, room: string): Promise<RoomRow> {
  return roomNamed(read, readRoomReference(room));
}

/** The user who asks, who must still be there. @throws Refusal `session_unknown` */
export async function presentReader(read: Reader, userId: string) {
  const user = await read.users.byId(userId);
  if (user === null || user.deletedAt !== null) throw new Refusal('session_unknown');
  return user;
}
