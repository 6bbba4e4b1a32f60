import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { type IdemClaim, type KeptAnswer, keepAnswer } from '../idempotency.ts';
import type { Expiry, Transaction } from '../store.ts';

/** Keeps an answer whose doing wrote nothing else: a refusal, or a change in memory. */
export function keepAnswerAlone(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: { now: number; claim: IdemClaim; answer: KeptAnswer },
  ): Promise<void> => keepAnswer(transaction, keys, input.claim, input.now, input.answer);
}

/** Ends the attempts for a mail. */
export async function markMailSettled(
  transaction: Transaction,
  input: { id: string; at: number },
): Promise<void> {
  await transaction.mails.settle(input.id, input.at);
}

/** Takes a mail that is due, for who is about to send it; false when somebody else was faster. */
export async function leaseMail(
  transaction: Transaction,
  input: { id: string; now: number; until: number },
): Promise<boolean> {
  return transaction.mails.lease(input.id, input.now, input.until);
}

/** Sets the next attempt for a mail. */
export async function postponeMail(
  transaction: Transaction,
  input: { id: string; attempts: number; nextAttemptAt: number },
): Promise<void> {
  await transaction.mails.postpone(input.id, input.attempts, input.nextAttemptAt);
}

/** One small step of the clean-up; returns how many rows went. */
export async function deleteExpired(
  transaction: Transaction,
  input: { expiry: Expiry; limit: number },
): Promise<number> {
  return transaction.deleteExpired(input.expiry, input.limit);
}

/** Remembers a small fact about the database, unless it is known already. Returns what is known from now on. */
export async function keepFact(
  transaction: Transaction,
  input: { name: string; value: Uint8Array },
): Promise<Uint8Array> {
  const known = await transaction.facts.find(input.name);
  if (known !== null) return known;
  await transaction.facts.put(input.name, Buffer.from(input.value));
  return input.value;
}
