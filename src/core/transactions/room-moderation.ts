import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { Refusal } from '../errors.ts';
import type { MembershipRow, RoomRole, RoomRow } from '../room-store.ts';
import { type RoomOperation, permit, relationTo } from '../rooms/permissions.ts';
import type { Transaction, UserRow } from '../store.ts';
import { appendAudit } from './audit.ts';
import { type Change, done } from './change.ts';
import { type MembershipChange, type RoomReference, admit, dismiss, standingOf } from './memberships.ts';

/** What a moderator does to somebody in a room. */
export interface MemberAction extends Change {
  readonly userId: string;
  readonly room: RoomReference;
  /** Whom it is done to. */
  readonly usernameKey: string;
  readonly action:
    | { readonly kind: 'invite' | 'approve' | 'unban' }
    | { readonly kind: 'refuse' | 'remove'; readonly reason: string | null }
    | { readonly kind: 'ban'; readonly reason: string | null; readonly until: number | null }
    | { readonly kind: 'set_role'; readonly role: RoomRole };
}

export interface MemberActionResult {
  /** The one it was done to first; with a room that is handed over, the former owner too. */
  readonly changes: readonly MembershipChange[];
}

interface Scene {
  readonly transaction: Transaction;
  readonly room: RoomRow;
  readonly actor: UserRow;
  readonly own: MembershipRow | null;
  readonly user: UserRow;
  readonly theirs: MembershipRow | null;
  readonly now: number;
}

/**
 * Does it, and writes it down.
 *
 * @throws Refusal `room_unknown`, `user_unknown`, `forbidden` and its kin; `invalid_input` where the user is not in the
 *   state the action is for
 */
export function moderateMember(keys: AtRestKeys) {
  return async (transaction: Transaction, input: MemberAction): Promise<MemberActionResult> => {
    const { action, now } = input;
    const standing = await standingOf(transaction, input.userId, input.room);
    const { user: actor, room, membership: own } = standing;
    const operation: RoomOperation = action.kind;
    permit(operation, standing, actor.role, now);
    if (room.kind === 'direct') throw new Refusal('forbidden', { detail: 'A direct room has no moderators' });
    const user = await transaction.users.byUsernameKey(input.usernameKey);
    if (user === null) throw new Refusal('user_unknown');
    const theirs = await transaction.memberships.find(room.id, user.id);
    const scene = { transaction, room, actor, own, user, theirs, now };
    const changes = await perform(scene, action);
    await appendAudit(transaction, keys, now, {
      actor: actor.id,
      action: `${action.kind} in room`,
      target: user.username ?? user.id,
      details: { room: room.name ?? room.id, ...action },
    });
    return done(transaction, keys, input, { changes });
  };
}

async function perform(scene: Scene, action: MemberAction['action']): Promise<MembershipChange[]> {
  const { transaction, room, user, theirs, now } = scene;
  switch (action.kind) {
    case 'invite':
      if (theirs?.state === 'pending') return [await enter(scene, 'member')];
      expect(theirs?.state !== 'member', 'is a member already');
      expect(relationTo(room, theirs, 'user', now) !== 'banned', 'is banned from this room');
      return [await away(scene, { state: 'invited', reason: null, until: null })];
    case 'approve':
      expect(theirs?.state === 'pending', 'has not asked to join');
      return [await enter(scene, 'member')];
    case 'refuse':
      expect(theirs?.state === 'pending' || theirs?.state === 'invited', 'has not asked to join');
      return [await away(scene, { state: 'refused', reason: action.reason, until: null })];
    case 'remove':
      expect(theirs?.state === 'member', 'is not a member');
      mayTouch(scene);
      return [await away(scene, { state: 'removed', reason: action.reason, until: null })];
    case 'ban':
      mayTouch(scene);
      return [await away(scene, { state: 'banned', reason: action.reason, until: action.until })];
    case 'unban':
      expect(theirs?.state === 'banned', 'is not banned');
      return [await dismiss(transaction, room, user, theirs, null)];
    case 'set_role':
      expect(theirs?.state === 'member', 'is not a member');
      return setRole(scene, action.role);
  }
}

/** Names somebody owner, moderator or member. A room has one owner: naming another hands it over. */
async function setRole(scene: Scene, role: RoomRole): Promise<MembershipChange[]> {
  const { transaction, room, user, theirs, now } = scene;
  if (theirs?.role === 'owner' && role !== 'owner') {
    throw new Refusal('forbidden', { detail: 'Hand the room over to another first' });
  }
  const former = role === 'owner' ? await transaction.memberships.inRole(room.id, 'owner', 10) : [];
  const changes = [await enter(scene, role)];
  for (const membership of former) {
    if (membership.userId === user.id) continue;
    const owner = await transaction.users.byId(membership.userId);
    if (owner === null) continue;
    changes.push(await admit(transaction, room, owner, membership, { role: 'moderator', now }));
  }
  return changes;
}

async function enter(scene: Scene, role: RoomRole): Promise<MembershipChange> {
  const { transaction, room, user, theirs, now } = scene;
  return admit(transaction, room, user, theirs, { role, now });
}

async function away(
  scene: Scene,
  next: { state: 'invited' | 'refused' | 'removed' | 'banned'; reason: string | null; until: number | null },
): Promise<MembershipChange> {
  const { transaction, room, user, theirs, now } = scene;
  return dismiss(transaction, room, user, theirs, { ...next, now });
}

/** Nobody removes their like or better, nor themselves. */
function mayTouch({ room, actor, own, user, theirs, now }: Scene): void {
  const ranks = { owner: 3, moderator: 2, member: 1 } as const;
  const rank = (relation: ReturnType<typeof relationTo>): number =>
    relation === 'owner' || relation === 'moderator' || relation === 'member' ? ranks[relation] : 0;
  const mine = actor.role === 'admin' ? 4 : rank(relationTo(room, own, actor.role, now));
  if (actor.id === user.id || rank(relationTo(room, theirs, user.role, now)) >= mine) {
    throw new Refusal('forbidden', { detail: 'Only who stands above somebody may do that to them' });
  }
}

function expect(holds: boolean, problem: string): void {
  if (!holds) throw new Refusal('invalid_input', { errors: { username: problem } });
}
