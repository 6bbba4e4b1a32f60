import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import type { Clock } from '../clock.ts';
import { deletedUser } from '../live/events.ts';
import type { WhoIsOnline } from '../live/who-is-online.ts';
import type { MembershipRow, MembershipState, RoomRole, RoomRow } from '../room-store.ts';
import type { Reader } from '../store.ts';
import { otherOfPair } from '../transactions/messages.ts';
import { permit, relationTo } from './permissions.ts';
import { findRoom, presentReader } from './places.ts';

export interface ListingDependencies {
  readonly read: Reader;
  readonly online: WhoIsOnline;
  readonly clock: Clock;
}

/** A room as one user sees it. */
export interface RoomView {
  readonly room: RoomRow;
  /** The other's name, for a direct room. */
  readonly with: string | null;
  readonly state: 'member' | 'pending' | 'none';
  readonly role: RoomRole | null;
  readonly readSeq: number;
  readonly online: number;
}

/** Every room the user is in or may join: their own first, then by name. */
export function listRooms({ read, online, clock }: ListingDependencies) {
  return async (caller: Caller): Promise<{ rooms: RoomView[] }> => {
    const userId = userIdOf(caller);
    const now = clock.now();
    const own = await read.rooms.ofUser(userId);
    const others = own.flatMap(({ room }) =>
      room.pairKey === null ? [] : otherOfPair(room.pairKey, userId),
    );
    const names = others.length === 0 ? new Map<string, string>() : await read.users.usernames(others);
    const listed = await read.rooms.listed();
    const roomIds = [...own.map(({ room }) => room.id), ...listed.map(({ id }) => id)];
    const counts = await online.countsIn([...new Set(roomIds)]);
    const view = (room: RoomRow, membership: MembershipRow | null): RoomView => ({
      room,
      with: room.pairKey === null ? null : (names.get(otherOfPair(room.pairKey, userId)) ?? deletedUser),
      state: shownState(membership),
      role: membership?.state === 'member' ? membership.role : null,
      readSeq: membership?.readSeq ?? 0,
      online: counts.get(room.id) ?? 0,
    });
    const known = new Set<string>();
    const mine: RoomView[] = [];
    const open: RoomView[] = [];
    for (const { room, membership } of own) {
      known.add(room.id);
      const relation = relationTo(room, membership, 'user', now);
      const isClosed =
        relation === 'banned' ||
        ((relation === 'removed' || relation === 'stranger') && room.kind === 'invite');
      if (isClosed) continue;
      (membership.state === 'member' ? mine : open).push(view(room, membership));
    }
    for (const room of listed) {
      if (!known.has(room.id)) open.push(view(room, null));
    }
    return { rooms: [...mine, ...open] };
  };
}

/** A member as the others see them. */
export interface MemberView {
  readonly userId: string;
  readonly username: string;
  readonly role: RoomRole;
  readonly online: boolean;
  readonly since: number;
  readonly reason: string | null;
}

export interface MemberQuery {
  readonly room: string;
  /** Members, or, for moderators, those who wait, were invited, or are banned. */
  readonly state: 'member' | 'pending' | 'invited' | 'banned';
  readonly after: string;
  readonly limit: number;
}

/** A page of a room's members. @throws Refusal `room_unknown`, `not_a_member` and its kin, `forbidden` */
export function listMembers({ read, online, clock }: ListingDependencies) {
  return async (
    caller: Caller,
    query: MemberQuery,
  ): Promise<{ members: MemberView[]; next: string | null }> => {
    const user = await presentReader(read, userIdOf(caller));
    const room = await findRoom(read, query.room);
    const membership = await read.memberships.find(room.id, user.id);
    const operation = query.state === 'member' ? 'list_members' : 'approve';
    permit(operation, { room, membership }, user.role, clock.now());
    const limit = clampPage(query.limit);
    const states: MembershipState[] = [query.state];
    const rows = await read.memberships.ofRoom(room.id, { states, after: query.after, limit: limit + 1 });
    const page = rows.slice(0, limit);
    const present = await online.among(page.map(({ membership: each }) => each.userId));
    return {
      members: page.map(({ membership: each, username }) => ({
        userId: each.userId,
        username: username ?? deletedUser,
        role: each.role,
        online: present.has(each.userId),
        since: each.since,
        reason: each.reason,
      })),
      next: rows.length > limit ? (page.at(-1)?.membership.userId ?? null) : null,
    };
  };
}

function shownState(membership: MembershipRow | null): RoomView['state'] {
  if (membership?.state === 'member' || membership?.state === 'pending') return membership.state;
  return 'none';
}

/** How many rows of a listing one call gives, for what a client asks for. */
export function clampPage(limit: number): number {
  return Math.min(200, Math.max(1, limit));
}
