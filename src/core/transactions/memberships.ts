import { Refusal } from '../errors.ts';
import type { Pair } from '../live/events.ts';
import type { MembershipRow, MembershipState, RoomKind, RoomRole, RoomRow } from '../room-store.ts';
import { pairOf } from '../rooms/pair.ts';
import type { Reader, Transaction, UserRow } from '../store.ts';
import { subject } from '../transaction-subjects.ts';
import { presentUser } from './change.ts';

/** A room as a client names it: by its id or its name. */
export interface RoomReference {
  readonly id: string;
  readonly nameKey: string;
}

/** How somebody stands to a room from now on, for everyone who has to learn of it. */
export interface MembershipChange {
  readonly roomId: string;
  readonly roomName: string | null;
  /** The two of a direct room; null for any other. */
  readonly pair: Pair | null;
  readonly roomKind: RoomKind;
  readonly userId: string;
  readonly username: string | null;
  readonly state: MembershipState | 'none';
  readonly wasMember: boolean;
  readonly role: RoomRole;
  readonly visibleAfter: number;
  readonly members: number;
  readonly membersVersion: number;
  /** How far the room had come by then. */
  readonly lastSeq: number;
  readonly lastRevision: number;
  readonly reason: string | null;
  /** Since when the state holds; 0 for none. */
  readonly since: number;
}

/** @throws Refusal `room_unknown` */
export async function roomNamed(reads: Reader, reference: RoomReference): Promise<RoomRow> {
  const room = (await reads.rooms.byId(reference.id)) ?? (await reads.rooms.byNameKey(reference.nameKey));
  if (room === null) throw new Refusal('room_unknown');
  return room;
}

/** Who asks for something in a room, and how they stand to it. */
export interface Standing {
  readonly user: UserRow;
  readonly room: RoomRow;
  readonly membership: MembershipRow | null;
}

/** @throws Refusal `session_unknown` where the user is gone, `room_unknown` */
export async function standingOf(
  transaction: Transaction,
  userId: string,
  reference: RoomReference,
): Promise<Standing> {
  const user = await presentUser(transaction, userId);
  const room = await roomNamed(transaction, reference);
  await transaction.claim([subject.room(room.id)]);
  return { user, room, membership: await transaction.memberships.find(room.id, userId) };
}

interface Person {
  readonly id: string;
  readonly username: string | null;
}

/** Makes the user a member; who is one already changes only their role. */
export async function admit(
  transaction: Transaction,
  room: RoomRow,
  user: Person,
  before: MembershipRow | null,
  { role, now }: { role: RoomRole; now: number },
): Promise<MembershipChange> {
  const wasMember = before?.state === 'member';
  // Counted first: from here to the commit nobody else takes a number in the room, which may be one nobody claimed.
  const counted = await transaction.rooms.countMembers(room.id, wasMember ? 0 : 1);
  const after: MembershipRow = {
    roomId: room.id,
    userId: user.id,
    state: 'member',
    role,
    visibleAfter: wasMember ? before.visibleAfter : room.openHistory ? 0 : counted.lastSeq,
    readSeq: wasMember ? before.readSeq : counted.lastSeq,
    since: wasMember ? before.since : now,
    reason: null,
    until: null,
  };
  await transaction.memberships.put(after);
  return changeTo(transaction, after, { room, user, wasMember, counted });
}

/** Notes another state than that of a member; null: as if the user had never been there. */
export async function dismiss(
  transaction: Transaction,
  room: RoomRow,
  user: Person,
  before: MembershipRow | null,
  next: {
    state: Exclude<MembershipState, 'member'>;
    now: number;
    reason: string | null;
    until: number | null;
  } | null,
): Promise<MembershipChange> {
  const row: MembershipRow | null =
    next === null
      ? null
      : {
          roomId: room.id,
          userId: user.id,
          state: next.state,
          role: 'member',
          visibleAfter: 0,
          readSeq: 0,
          since: next.now,
          reason: next.reason,
          until: next.until,
        };
  return settle(transaction, room, user, before, row);
}

/** Puts a row in the place of another, and counts. */
export async function settle(
  transaction: Transaction,
  room: RoomRow,
  user: Person,
  before: MembershipRow | null,
  after: MembershipRow | null,
): Promise<MembershipChange> {
  if (after !== null) await transaction.memberships.put(after);
  else if (before !== null) await transaction.memberships.delete(room.id, user.id);
  const wasMember = before?.state === 'member';
  const isMember = after?.state === 'member';
  const counted =
    wasMember || isMember
      ? await transaction.rooms.countMembers(room.id, Number(isMember) - Number(wasMember))
      : room;
  return changeTo(transaction, after, { room, user, wasMember, counted });
}

async function changeTo(
  reads: Reader,
  after: MembershipRow | null,
  { room, user, wasMember, counted }: { room: RoomRow; user: Person; wasMember: boolean; counted: RoomRow },
): Promise<MembershipChange> {
  return {
    roomId: room.id,
    roomName: room.name,
    pair: await pairOf(reads, room),
    roomKind: room.kind,
    userId: user.id,
    username: user.username,
    state: after?.state ?? 'none',
    wasMember,
    role: after?.role ?? 'member',
    visibleAfter: after?.visibleAfter ?? 0,
    members: counted.members,
    membersVersion: counted.membersVersion,
    lastSeq: counted.lastSeq,
    lastRevision: counted.lastRevision,
    reason: after?.reason ?? null,
    since: after?.since ?? 0,
  };
}

/** How somebody stands to a room already. */
export async function unchanged(
  reads: Reader,
  room: RoomRow,
  user: Person,
  membership: MembershipRow,
): Promise<MembershipChange> {
  return {
    roomId: room.id,
    roomName: room.name,
    pair: await pairOf(reads, room),
    roomKind: room.kind,
    userId: user.id,
    username: user.username,
    state: membership.state,
    wasMember: membership.state === 'member',
    role: membership.role,
    visibleAfter: membership.visibleAfter,
    members: room.members,
    membersVersion: room.membersVersion,
    lastSeq: room.lastSeq,
    lastRevision: room.lastRevision,
    reason: membership.reason,
    since: membership.since,
  };
}

/** Every account's own rooms: joins those that all join. */
export async function joinRoomsOfAll(
  transaction: Transaction,
  user: Person,
  now: number,
): Promise<MembershipChange[]> {
  const changes: MembershipChange[] = [];
  for (const room of await transaction.rooms.joinedByAll()) {
    changes.push(await admit(transaction, room, user, null, { role: 'member', now }));
  }
  return changes;
}

/**
 * Leaves every room, for an account that ends. A room that loses its owner gets the moderator who has been there
 * longest as its owner, or else the member. Direct rooms stay the other's, with somebody who is not there any more.
 */
export async function leaveAllRooms(
  transaction: Transaction,
  user: Person,
  now: number,
): Promise<MembershipChange[]> {
  const places = await transaction.rooms.ofUser(user.id);
  await transaction.claim(places.map(({ room }) => subject.room(room.id)));
  const changes: MembershipChange[] = [];
  for (const { room, membership } of places) {
    changes.push(await dismiss(transaction, room, user, membership, null));
    if (membership.state === 'member' && membership.role === 'owner') {
      const heir = await promoteHeir(transaction, room, now);
      if (heir !== null) changes.push(heir);
    }
  }
  return changes;
}

async function promoteHeir(
  transaction: Transaction,
  room: RoomRow,
  now: number,
): Promise<MembershipChange | null> {
  const [another] = await transaction.memberships.inRole(room.id, 'owner', 1);
  if (another !== undefined) return null;
  const [moderator] = await transaction.memberships.inRole(room.id, 'moderator', 1);
  const heir = moderator ?? (await transaction.memberships.inRole(room.id, 'member', 1))[0];
  const user = heir === undefined ? null : await transaction.users.byId(heir.userId);
  if (heir === undefined || user === null) return null;
  return admit(transaction, room, user, heir, { role: 'owner', now });
}
