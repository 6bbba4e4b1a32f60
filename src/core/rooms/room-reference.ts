import { invalidField } from '../errors.ts';
import type { RoomReference } from '../transactions/memberships.ts';
import { roomNameKey } from './room-name.ts';

/** A room as a client names it. @throws Refusal `invalid_input` for what can be neither id nor name */
export function readRoomReference(text: string): RoomReference {
  if (text === '' || text.length > 200 || !text.isWellFormed() || text.includes('\0')) {
    throw invalidField('room', 'neither the id nor the name of a room');
  }
  return { id: text, nameKey: roomNameKey(text) };
}
