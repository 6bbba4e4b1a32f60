import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { Refusal } from '../errors.ts';
import { type IdemClaim, keepAnswer } from '../idempotency.ts';
import { type Transaction, UniqueConflict, type UserRow } from '../store.ts';

/** What every change asked for by a client carries. */
export interface Change {
  readonly now: number;
  readonly claim: IdemClaim | null;
}

/** Keeps the result for a client that asks again, and hands it on. */
export async function done<Result>(
  transaction: Transaction,
  keys: AtRestKeys,
  { claim, now }: Change,
  result: Result,
): Promise<Result> {
  await keepAnswer(transaction, keys, claim, now, { kind: 'done', result });
  return result;
}

/** The user, who must still be there. @throws Refusal `session_unknown` */
export async function presentUser(transaction: Transaction, userId: string): Promise<UserRow> {
  const user = await transaction.users.byId(userId);
  if (user === null || user.deletedAt !== null) throw new Refusal('session_unknown');
  return user;
}

/**
 * The user, whose password must still be the one that was checked outside of the transaction.
 *
 * @throws Refusal `wrong_credentials` when it was changed in between
 */
export async function userWithVerifier(
  transaction: Transaction,
  userId: string,
  verifier: string | null,
): Promise<UserRow> {
  const user = await transaction.users.byId(userId);
  if (user === null || user.deletedAt !== null || user.passwordVerifier !== verifier) {
    throw new Refusal('wrong_credentials');
  }
  return user;
}

/** Runs a write that may meet a taken name or address. @throws Refusal `username_taken`, `email_taken` */
export async function refusingTaken(write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (error instanceof UniqueConflict && error.field === 'username') throw new Refusal('username_taken');
    if (error instanceof UniqueConflict && error.field === 'email') throw new Refusal('email_taken');
    throw error;
  }
}
