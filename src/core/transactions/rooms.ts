import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { Refusal } from '../errors.ts';
import type { RoomKind, RoomRow } from '../room-store.ts';
import { isListed, permit, refusalOf, relationTo } from '../rooms/permissions.ts';
import { type Transaction, UniqueConflict } from '../store.ts';
import { type Change, done, presentUser } from './change.ts';
import {
  type MembershipChange,
  type RoomReference,
  admit,
  dismiss,
  standingOf,
  unchanged,
} from './memberships.ts';

/** What a room is made of. */
export interface NewRoom {
  readonly id: string;
  readonly name: string;
  readonly nameKey: string;
  readonly kind: Exclude<RoomKind, 'direct'>;
  readonly openHistory: boolean;
  readonly joinedByAll: boolean;
}

/** The row of a room without messages and members. */
export function emptyRoom(room: NewRoom, now: number): RoomRow {
  return {
    ...room,
    pairKey: null,
    lastSeq: 0,
    lastRevision: 0,
    members: 0,
    membersVersion: 0,
    createdAt: now,
  };
}

/** Inserts it. @throws Refusal `room_taken` */
export async function insertRoom(transaction: Transaction, row: RoomRow): Promise<void> {
  try {
    await transaction.rooms.insert(row);
  } catch (error) {
    throw error instanceof UniqueConflict && error.field === 'room' ? new Refusal('room_taken') : error;
  }
}

/** What a user is told of a room they created, joined or left, and what everyone else has to learn. */
export interface RoomEntry {
  readonly change: MembershipChange;
  /** False when it was so before. */
  readonly isNews: boolean;
}

/** Makes a room, owned by who asks. @throws Refusal `room_taken` */
export function createRoom(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: Change & { userId: string; room: NewRoom },
  ): Promise<RoomEntry> => {
    const user = await presentUser(transaction, input.userId);
    const row = emptyRoom(input.room, input.now);
    await insertRoom(transaction, row);
    const change = await admit(transaction, row, user, null, { role: 'owner', now: input.now });
    return done(transaction, keys, input, { change, isNews: true });
  };
}

/**
 * Joins an open room or one that the user was invited to; asks to be let into one by approval. Who is in it or has
 * asked already is told so again.
 *
 * @throws Refusal `room_unknown`, `banned_from_room`, `removed_from_room` (a room by invitation), `forbidden` (direct)
 */
export function joinRoom(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: Change & { userId: string; room: RoomReference },
  ): Promise<RoomEntry> => {
    const { userId, now } = input;
    const { user, room, membership } = await standingOf(transaction, userId, input.room);
    // An admin's rights are not a membership: they join as anybody does.
    const relation = relationTo(room, membership, 'user', now);
    const isIn = membership?.state === 'member' || membership?.state === 'pending';
    if (relation === 'banned') throw refusalOf(room, membership, relation);
    if (!isIn && !isListed(room) && relation !== 'invited') throw refusalOf(room, membership, relation);
    if (isIn) {
      const change = await unchanged(transaction, room, user, membership);
      return done(transaction, keys, input, { change, isNews: false });
    }
    const entersAtOnce = room.kind === 'open' || relation === 'invited';
    const change = entersAtOnce
      ? await admit(transaction, room, user, membership, { role: 'member', now })
      : await dismiss(transaction, room, user, membership, {
          state: 'pending',
          now,
          reason: null,
          until: null,
        });
    return done(transaction, keys, input, { change, isNews: true });
  };
}

/**
 * Leaves a room, or takes back having asked or been invited.
 *
 * @throws Refusal `forbidden` for a direct room, and for an owner who has not handed the room over while others stay
 */
export function leaveRoom(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: Change & { userId: string; room: RoomReference },
  ): Promise<RoomEntry> => {
    const { userId, now } = input;
    const { user, room, membership } = await standingOf(transaction, userId, input.room);
    if (membership?.state !== 'pending' && membership?.state !== 'invited') {
      permit('leave', { room, membership }, 'user', now);
    }
    if (room.kind === 'direct') throw new Refusal('forbidden', { detail: 'A direct room is not left' });
    if (membership?.state === 'member' && membership.role === 'owner' && room.members > 1) {
      const owners = await transaction.memberships.inRole(room.id, 'owner', 2);
      if (owners.length < 2) throw new Refusal('forbidden', { detail: 'Hand the room over first' });
    }
    const change = await dismiss(transaction, room, user, membership, null);
    return done(transaction, keys, input, { change, isNews: true });
  };
}
