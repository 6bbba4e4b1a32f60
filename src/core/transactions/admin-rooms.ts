import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { Refusal } from '../errors.ts';
import type { Transaction } from '../store.ts';
import { type PlaceBefore, appendAudit } from './audit.ts';
import { type MembershipChange, type RoomReference, admit, roomNamed } from './memberships.ts';
import { type NewRoom, emptyRoom, insertRoom } from './rooms.ts';

/** Makes rooms that nobody owns: all of them or none. @throws Refusal `room_taken` with the name in its detail */
export function addRooms(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: { now: number; actor: string; rooms: readonly NewRoom[] },
  ): Promise<void> => {
    for (const room of input.rooms) {
      if ((await transaction.rooms.byNameKey(room.nameKey)) !== null) {
        throw new Refusal('room_taken', { detail: `there is a room ${room.name} already` });
      }
      await insertRoom(transaction, emptyRoom(room, input.now));
    }
    await appendAudit(transaction, keys, input.now, {
      actor: input.actor,
      action: 'add room',
      target: input.rooms.map(({ name }) => name).join(', '),
      details: { undo: { kind: 'delete_rooms', roomIds: input.rooms.map(({ id }) => id) } },
    });
  };
}

/**
 * Lets a user into rooms they asked to join: all of them or none.
 *
 * @throws Refusal `user_unknown`, `room_unknown`, `not_found` where they have not asked
 */
export function acceptPending(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: { now: number; actor: string; usernameKey: string; rooms: readonly RoomReference[] },
  ): Promise<MembershipChange[]> => {
    const { now } = input;
    const user = await transaction.users.byUsernameKey(input.usernameKey);
    if (user === null) throw new Refusal('user_unknown');
    const changes: MembershipChange[] = [];
    const before: PlaceBefore[] = [];
    for (const reference of input.rooms) {
      const room = await roomNamed(transaction, reference).catch((error: unknown) => {
        throw error instanceof Refusal
          ? new Refusal('room_unknown', { detail: `no room ${reference.id}` })
          : error;
      });
      const membership = await transaction.memberships.find(room.id, user.id);
      if (membership?.state !== 'pending') {
        const detail = `${user.username ?? ''} has not asked to join ${room.name ?? room.id}`;
        throw new Refusal('not_found', { detail });
      }
      before.push({ roomId: room.id, membership });
      changes.push(await admit(transaction, room, user, membership, { role: 'member', now }));
    }
    await appendAudit(transaction, keys, now, {
      actor: input.actor,
      action: 'accept pending',
      target: user.username ?? user.id,
      details: {
        rooms: changes.map(({ roomName }) => roomName),
        undo: { kind: 'memberships', userId: user.id, before, since: now },
      },
    });
    return changes;
  };
}
