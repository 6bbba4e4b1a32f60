import type { Reader } from '../store.ts';
import type { NodeHub } from './node-hub.ts';
import type { RoomCatchUp } from './room-catch-up.ts';

/** Rooms asked for in one question. */
const roomsAtOnce = 500;

/** Compares every room that somebody listens to here with the store: what was said, what was edited, who is in it. */
export async function comparePositions(
  read: Pick<Reader, 'rooms'>,
  hub: NodeHub,
  catchUp: RoomCatchUp,
): Promise<void> {
  const roomIds = [...hub.followedRooms];
  for (let at = 0; at < roomIds.length; at += roomsAtOnce) {
    for (const position of await read.rooms.positions(roomIds.slice(at, at + roomsAtOnce))) {
      catchUp.compare(position);
      hub.compareRoster(position.id, position.membersVersion);
    }
  }
}
