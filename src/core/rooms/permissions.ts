import { Refusal } from '../errors.ts';
import type { MembershipRow, RoomRow } from '../room-store.ts';
import type { Role } from '../store.ts';

/** How a user stands to a room, as far as rights go. */
export type Relation =
  'stranger' | 'pending' | 'invited' | 'removed' | 'banned' | 'member' | 'moderator' | 'owner';

/** What can be done in a room, and the least that one has to be for it. */
export const roomOperations = {
  read: 'member',
  send: 'member',
  mark_read: 'member',
  set_typing: 'member',
  list_members: 'member',
  leave: 'member',
  edit_own: 'member',
  edit_others: 'moderator',
  invite: 'moderator',
  approve: 'moderator',
  refuse: 'moderator',
  remove: 'moderator',
  ban: 'moderator',
  unban: 'moderator',
  set_role: 'owner',
} as const satisfies Record<string, 'member' | 'moderator' | 'owner'>;

export type RoomOperation = keyof typeof roomOperations;

const ranks: Readonly<Record<Relation, number>> = {
  stranger: 0,
  pending: 0,
  invited: 0,
  removed: 0,
  banned: 0,
  member: 1,
  moderator: 2,
  owner: 3,
};

/** Whether the room is anybody's to see, and so may be talked about. */
export function isListed(room: RoomRow): boolean {
  return room.kind === 'open' || room.kind === 'approval';
}

/**
 * How a user stands to the room. Admins of the server count as owners in every listed room, member or not.
 *
 * @param now a ban that is over counts as a removal
 */
export function relationTo(
  room: RoomRow,
  membership: MembershipRow | null,
  role: Role,
  now: number,
): Relation {
  if (role === 'admin' && isListed(room)) return 'owner';
  switch (membership?.state) {
    case 'member':
      return membership.role;
    case 'banned':
      return membership.until !== null && membership.until <= now ? 'removed' : 'banned';
    case 'pending':
    case 'invited':
    case 'removed':
      return membership.state;
    default:
      return 'stranger';
  }
}

/** @throws Refusal `room_unknown` for a room the user may not know of, or a code that says what is missing */
export function permit(
  operation: RoomOperation,
  place: { room: RoomRow; membership: MembershipRow | null },
  role: Role,
  now: number,
): void {
  const relation = relationTo(place.room, place.membership, role, now);
  if (ranks[relation] >= ranks[roomOperations[operation]]) return;
  throw refusalOf(place.room, place.membership, relation);
}

/** What somebody is told who may not do something. */
export function refusalOf(room: RoomRow, membership: MembershipRow | null, relation: Relation): Refusal {
  const reason = membership?.reason ?? null;
  const why = reason === null ? {} : { reason };
  switch (relation) {
    case 'pending':
      return new Refusal('membership_pending');
    case 'removed':
      return new Refusal('removed_from_room', why);
    case 'banned':
      return new Refusal('banned_from_room', { ...why, until: membership?.until ?? null });
    case 'stranger':
      return isListed(room) ? new Refusal('not_a_member', why) : new Refusal('room_unknown');
    case 'invited':
      return new Refusal('not_a_member');
    case 'member':
    case 'moderator':
    case 'owner':
      return new Refusal('forbidden');
  }
}
