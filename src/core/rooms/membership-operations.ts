import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import type { Clock } from '../clock.ts';
import { invalidField } from '../errors.ts';
import { type EnforceLimit, limits } from '../limits/limits.ts';
import { readUsername } from '../names/username.ts';
import { type RandomBytes, newId } from '../random.ts';
import type { RoomKind } from '../room-store.ts';
import type { Store } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import type { MembershipChange } from '../transactions/memberships.ts';
import type { MemberAction } from '../transactions/room-moderation.ts';
import type { AnnounceMembership } from './announce.ts';
import { readRoomName } from './room-name.ts';
import { readRoomReference } from './room-reference.ts';

export interface MembershipDependencies {
  readonly store: Store<Transactions>;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly enforce: EnforceLimit;
  readonly announce: AnnounceMembership;
}

/** What somebody who entered or left a room is told. */
export type RoomEntryView = Pick<MembershipChange, 'roomId' | 'roomName' | 'roomKind' | 'state'>;

/** Makes a room, owned by who asks. @throws Refusal `invalid_input`, `room_taken`, `rate_limited` */
export function createRoom({ store, clock, random, enforce, announce }: MembershipDependencies) {
  return async (
    caller: Caller,
    room: { name: string; kind: Exclude<RoomKind, 'direct'>; openHistory: boolean },
  ): Promise<{ change: MembershipChange }> => {
    const userId = userIdOf(caller);
    const read = readRoomName(room.name);
    if (!read.ok) throw invalidField('room', read.problem);
    await enforce(limits.newRoomsOfUser, userId);
    const entry = await store.transact('createRoom', {
      now: clock.now(),
      claim: caller.claim,
      userId,
      room: {
        id: newId(random),
        name: read.name,
        nameKey: read.key,
        kind: room.kind,
        openHistory: room.openHistory,
        joinedByAll: false,
      },
    });
    if (entry.isNews) announce(entry.change);
    return entry;
  };
}

/** @throws Refusal `room_unknown`, `banned_from_room`, `removed_from_room`, `rate_limited` */
export function joinRoom({ store, clock, enforce, announce }: MembershipDependencies) {
  return async (caller: Caller, room: string): Promise<{ change: MembershipChange }> => {
    const userId = userIdOf(caller);
    const reference = readRoomReference(room);
    await enforce(limits.membershipsOfUser, userId);
    const entry = await store.transact('joinRoom', {
      now: clock.now(),
      claim: caller.claim,
      userId,
      room: reference,
    });
    if (entry.isNews) announce(entry.change);
    return entry;
  };
}

/** @throws Refusal `room_unknown`, `not_a_member` and its kin, `forbidden` */
export function leaveRoom({ store, clock, announce }: MembershipDependencies) {
  return async (caller: Caller, room: string): Promise<{ change: MembershipChange }> => {
    const entry = await store.transact('leaveRoom', {
      now: clock.now(),
      claim: caller.claim,
      userId: userIdOf(caller),
      room: readRoomReference(room),
    });
    if (entry.isNews) announce(entry.change);
    return entry;
  };
}

/** Longest reason, in characters. */
export const maxReason = 300;

/** @throws Refusal `room_unknown`, `user_unknown`, `forbidden` and its kin, `invalid_input`, `rate_limited` */
export function moderateMember({ store, clock, enforce, announce }: MembershipDependencies) {
  return async (
    caller: Caller,
    request: { room: string; username: string; action: MemberAction['action'] },
  ): Promise<Record<string, never>> => {
    const userId = userIdOf(caller);
    const name = readUsername(request.username);
    if (!name.ok) throw invalidField('username', name.problem);
    const { action } = request;
    if (action.kind === 'ban' && action.until !== null && action.until <= clock.now()) {
      throw invalidField('until', 'is not in the future');
    }
    await enforce(limits.membershipsOfUser, userId);
    const { changes } = await store.transact('moderateMember', {
      now: clock.now(),
      claim: caller.claim,
      userId,
      room: readRoomReference(request.room),
      usernameKey: name.key,
      action,
    });
    for (const change of changes) announce(change);
    return {};
  };
}
