import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { AuditReads, AuditRow } from '../moderation-store.ts';
import type { MembershipRow } from '../room-store.ts';
import type { Role, Transaction } from '../store.ts';
import { auditSubject } from '../transaction-subjects.ts';

/** What takes an action back. */
export type Undo =
  | { readonly kind: 'bans'; readonly lift: readonly string[]; readonly reinstate: readonly string[] }
  | { readonly kind: 'delete_rooms'; readonly roomIds: readonly string[] }
  | {
      readonly kind: 'memberships';
      readonly userId: string;
      readonly before: readonly PlaceBefore[];
      /** When the memberships that are to be taken back were given. */
      readonly since: number;
    }
  | { readonly kind: 'role'; readonly userId: string; readonly role: Role };

/** How a user stood to a room before the action. */
export interface PlaceBefore {
  readonly roomId: string;
  readonly membership: MembershipRow | null;
}

/** What was done, by whom, to whom. */
export interface AuditEntry {
  /** `console`, or the id of a user. */
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly details: AuditDetails;
}

export interface AuditDetails {
  readonly reason?: string | null;
  readonly until?: number | null;
  readonly room?: string;
  readonly undo?: Undo;
  /** For an undo: the number of the entry that was taken back. */
  readonly undoes?: number;
  readonly [fact: string]: unknown;
}

/** Of the first entry: there is none before it. */
const noHash = Buffer.alloc(32);

/** Adds an entry in the transaction of what it tells of; returns its number. */
export async function appendAudit(
  transaction: Transaction,
  keys: AtRestKeys,
  now: number,
  entry: AuditEntry,
): Promise<number> {
  await transaction.claim([auditSubject]);
  const last = await transaction.audit.last();
  const row = {
    seq: (last?.seq ?? 0) + 1,
    at: now,
    actor: entry.actor,
    action: entry.action,
    target: entry.target,
    details: JSON.stringify(entry.details),
    previousHash: last?.hash ?? noHash,
  };
  await transaction.audit.append({ ...row, hash: auditHash(keys, row) });
  return row.seq;
}

/**
 * Keyed, so that who can write to the database but has no master key cannot make up a chain that holds.
 */
export function auditHash(keys: AtRestKeys, row: Omit<AuditRow, 'hash'>): Buffer {
  const { seq, at, actor, action, target, details, previousHash } = row;
  return keys.hash(
    'audit-entry',
    JSON.stringify([seq, at, actor, action, target, details, previousHash.toString('hex')]),
  );
}

/** The number of the first entry that does not fit the one before it; null when the chain is whole. */
export async function findBrokenAudit(reads: AuditReads, keys: AtRestKeys): Promise<number | null> {
  let previous: { seq: number; hash: Buffer } = { seq: 0, hash: noHash };
  for (;;) {
    const rows = await reads.after(previous.seq, 500);
    for (const row of rows) {
      const fits =
        row.seq === previous.seq + 1 &&
        row.previousHash.equals(previous.hash) &&
        row.hash.equals(auditHash(keys, row));
      if (!fits) return row.seq;
      previous = row;
    }
    if (rows.length === 0) return null;
  }
}

/** The details of an entry. */
export function auditDetails(row: AuditRow): AuditDetails {
  return JSON.parse(row.details) as AuditDetails;
}
