import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { Refusal } from '../errors.ts';
import type { AuditRow, BanRow } from '../moderation-store.ts';
import type { MembershipState } from '../room-store.ts';
import type { Transaction } from '../store.ts';
import { type Undo, appendAudit, auditDetails } from './audit.ts';
import { type MembershipChange, settle } from './memberships.ts';

/** What was taken back, for whoever holds copies. */
export interface Undone {
  readonly action: string;
  readonly target: string;
  readonly lifted: readonly string[];
  readonly reinstated: readonly BanRow[];
  readonly changes: readonly MembershipChange[];
  readonly userId: string | null;
}

/**
 * Takes back the last action of the actor that can be and was not yet.
 *
 * @throws Refusal `not_found` when there is none; `forbidden` when it can no longer be
 */
export function undoLast(keys: AtRestKeys) {
  return async (transaction: Transaction, input: { now: number; actor: string }): Promise<Undone> => {
    const found = await lastToUndo(transaction, input.actor);
    if (found === null) throw new Refusal('not_found', { detail: 'there is nothing to take back' });
    const { row, undo } = found;
    const result = await takeBack(transaction, undo, input.now);
    await appendAudit(transaction, keys, input.now, {
      actor: input.actor,
      action: 'undo',
      target: row.target,
      details: { undoes: row.seq, action: row.action },
    });
    return { action: row.action, target: row.target, ...nothing, ...result };
  };
}

const nothing = { lifted: [], reinstated: [], changes: [], userId: null };

async function lastToUndo(
  transaction: Transaction,
  actor: string,
): Promise<{ row: AuditRow; undo: Undo } | null> {
  const undone = new Set<number>();
  let before = Number.MAX_SAFE_INTEGER;
  for (;;) {
    const rows = await transaction.audit.before(before, 100);
    for (const row of rows) {
      const { undo, undoes } = auditDetails(row);
      if (undoes !== undefined) undone.add(undoes);
      if (undo !== undefined && row.actor === actor && !undone.has(row.seq)) return { row, undo };
      before = row.seq;
    }
    if (rows.length === 0) return null;
  }
}

async function takeBack(transaction: Transaction, undo: Undo, now: number): Promise<Partial<Undone>> {
  switch (undo.kind) {
    case 'bans': {
      for (const id of undo.lift) await transaction.bans.setLifted(id, now);
      const reinstated: BanRow[] = [];
      for (const id of undo.reinstate) {
        const ban = await transaction.bans.find(id);
        // One that would be over by now comes back to nobody.
        if (ban === null || (ban.until !== null && ban.until <= now)) continue;
        await transaction.bans.setLifted(id, null);
        reinstated.push({ ...ban, liftedAt: null });
      }
      return { lifted: undo.lift, reinstated };
    }
    case 'role':
      await transaction.users.update(undo.userId, { role: undo.role });
      return { userId: undo.userId };
    case 'delete_rooms':
      for (const id of undo.roomIds) await deleteEmptyRoom(transaction, id);
      return {};
    case 'memberships':
      return { changes: await restoreMemberships(transaction, undo) };
  }
}

const allStates: readonly MembershipState[] = [
  'member',
  'pending',
  'invited',
  'refused',
  'removed',
  'banned',
];

async function deleteEmptyRoom(transaction: Transaction, id: string): Promise<void> {
  const room = await transaction.rooms.byId(id);
  if (room === null) return;
  const somebody = await transaction.memberships.ofRoom(id, { states: allStates, after: '', limit: 1 });
  if (room.lastSeq > 0 || somebody.length > 0) {
    throw new Refusal('forbidden', { detail: `the room ${room.name ?? id} is in use already` });
  }
  await transaction.rooms.delete(id);
}

async function restoreMemberships(
  transaction: Transaction,
  undo: Extract<Undo, { kind: 'memberships' }>,
): Promise<MembershipChange[]> {
  const user = await transaction.users.byId(undo.userId);
  if (user === null || user.deletedAt !== null) throw new Refusal('user_unknown');
  const changes: MembershipChange[] = [];
  for (const { roomId, membership } of undo.before) {
    const room = await transaction.rooms.byId(roomId);
    if (room === null) continue;
    const current = await transaction.memberships.find(roomId, user.id);
    // Whatever was done about them since has the last word.
    const isAsGiven =
      current?.state === 'member' && current.role === 'member' && current.since === undo.since;
    if (!isAsGiven) {
      const name = `${user.username ?? ''} in ${room.name ?? roomId}`;
      throw new Refusal('forbidden', { detail: `something was done about ${name} since` });
    }
    changes.push(await settle(transaction, room, user, current, membership));
  }
  return changes;
}
