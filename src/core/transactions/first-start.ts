import type { RoomRow } from '../room-store.ts';
import type { Transaction } from '../store.ts';
import { admit } from './memberships.ts';
import { type NewRoom, emptyRoom } from './rooms.ts';

/** The rooms every server starts with (GATEWAYS.md, the default rooms of `rooms`). */
export const defaultRooms = [
  { name: 'Blabla', kind: 'open', joinedByAll: false },
  { name: 'Comptabilité', kind: 'approval', joinedByAll: false },
  { name: 'Général', kind: 'approval', joinedByAll: true },
  { name: 'Informatique', kind: 'approval', joinedByAll: false },
  { name: 'Marketing', kind: 'approval', joinedByAll: false },
] as const;

const madeFact = 'default-rooms';

/** Makes the default rooms, once in the life of a database; accounts that are there already join what all join. */
export async function makeDefaultRooms(
  transaction: Transaction,
  input: { now: number; rooms: readonly NewRoom[] },
): Promise<void> {
  if ((await transaction.facts.find(madeFact)) !== null) return;
  for (const room of input.rooms) {
    const row = emptyRoom(room, input.now);
    await transaction.rooms.insert(row);
    if (room.joinedByAll) await admitEverybody(transaction, row, input.now);
  }
  await transaction.facts.put(madeFact, Buffer.from('1'));
}

async function admitEverybody(transaction: Transaction, room: RoomRow, now: number): Promise<void> {
  let after = '';
  for (;;) {
    const users = await transaction.users.afterUsernameKey(after, 500);
    for (const user of users) {
      await admit(transaction, room, user, null, { role: 'member', now });
      after = user.usernameKey ?? after;
    }
    if (users.length === 0) return;
  }
}
