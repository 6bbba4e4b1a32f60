import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { Refusal } from '../errors.ts';
import type { BanKind, BanRow } from '../moderation-store.ts';
import type { Role, Transaction, UserRow } from '../store.ts';
import { appendAudit } from './audit.ts';

/** Whom a ban is for. */
export type BanTarget =
  | { readonly kind: 'user'; readonly usernameKey: string }
  /** Canonical address or range. */
  | { readonly kind: 'range'; readonly range: string };

/** Keeps somebody out. One of the same kind that is in force already is replaced. @throws Refusal `user_unknown` */
export function imposeBan(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: {
      id: string;
      now: number;
      actor: string;
      kind: BanKind;
      target: BanTarget;
      reason: string;
      until: number | null;
    },
  ): Promise<{ ban: BanRow; replaced: readonly string[]; username: string | null }> => {
    const { id, now, kind, reason, until } = input;
    const { user, range } = await targetOf(transaction, input.target);
    const earlier = await bansOn(transaction, kind, { user, range }, now);
    for (const { id: earlierId } of earlier) await transaction.bans.setLifted(earlierId, now);
    const ban: BanRow = {
      id,
      kind,
      userId: user?.id ?? null,
      range,
      reason,
      createdAt: now,
      until,
      liftedAt: null,
    };
    await transaction.bans.insert(ban);
    await appendAudit(transaction, keys, now, {
      actor: input.actor,
      action: range === null ? kind : `${kind} ip`,
      target: range ?? user?.username ?? '',
      details: {
        reason,
        until,
        undo: { kind: 'bans', lift: [id], reinstate: earlier.map((each) => each.id) },
      },
    });
    return { ban, replaced: earlier.map((each) => each.id), username: user?.username ?? null };
  };
}

/** Lets somebody in again. @throws Refusal `user_unknown`; `not_found` when nothing keeps them out */
export function liftBan(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: { now: number; actor: string; kind: BanKind; target: BanTarget },
  ): Promise<{ lifted: readonly string[]; target: string }> => {
    const { now, kind } = input;
    const { user, range } = await targetOf(transaction, input.target);
    const found = await bansOn(transaction, kind, { user, range }, now);
    if (found.length === 0) throw new Refusal('not_found', { detail: `no ${kind} is in force` });
    for (const { id } of found) await transaction.bans.setLifted(id, now);
    const lifted = found.map(({ id }) => id);
    const target = range ?? user?.username ?? '';
    await appendAudit(transaction, keys, now, {
      actor: input.actor,
      action: range === null ? `un${kind}` : `un${kind} ip`,
      target,
      details: { undo: { kind: 'bans', lift: [], reinstate: lifted } },
    });
    return { lifted, target };
  };
}

/** Makes a user an admin, or an admin a user. @throws Refusal `user_unknown`, `invalid_input` */
export function setUserRole(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: { now: number; actor: string; usernameKey: string; role: Role },
  ): Promise<{ userId: string; username: string | null }> => {
    const user = await transaction.users.byUsernameKey(input.usernameKey);
    if (user === null) throw new Refusal('user_unknown');
    if (user.role === 'guest') throw new Refusal('invalid_input', { detail: 'a guest has no account' });
    if (user.role === input.role) {
      const problem = `${user.username ?? ''} is ${input.role === 'admin' ? 'an admin already' : 'no admin'}`;
      throw new Refusal('invalid_input', { detail: problem, errors: { username: problem } });
    }
    await transaction.users.update(user.id, { role: input.role });
    await appendAudit(transaction, keys, input.now, {
      actor: input.actor,
      action: input.role === 'admin' ? 'op' : 'deop',
      target: user.username ?? user.id,
      details: { undo: { kind: 'role', userId: user.id, role: user.role } },
    });
    return { userId: user.id, username: user.username };
  };
}

/** Writes down what was done without changing the store. */
export function noteAction(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: {
      now: number;
      actor: string;
      action: string;
      target: string;
      details: Readonly<Record<string, string | number>>;
    },
  ): Promise<number> => appendAudit(transaction, keys, input.now, input);
}

async function targetOf(
  transaction: Transaction,
  target: BanTarget,
): Promise<{ user: UserRow | null; range: string | null }> {
  if (target.kind === 'range') return { user: null, range: target.range };
  const user = await transaction.users.byUsernameKey(target.usernameKey);
  if (user === null) throw new Refusal('user_unknown');
  return { user, range: null };
}

async function bansOn(
  transaction: Transaction,
  kind: BanKind,
  { user, range }: { user: UserRow | null; range: string | null },
  now: number,
): Promise<BanRow[]> {
  const inForce = await transaction.bans.inForce(now);
  return inForce.filter(
    (ban) => ban.kind === kind && ban.userId === (user?.id ?? null) && ban.range === range,
  );
}
