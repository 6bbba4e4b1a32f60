import { Refusal } from '../errors.ts';
import { type GuessPolicyName, afterFailure, afterSuccess, mayGuess } from '../limits/guess-backoff.ts';
import type { Transaction } from '../store.ts';

/** Something failed guesses are counted for, under a keyed hash. */
export interface GuessSubject {
  readonly subject: string;
  readonly policy: GuessPolicyName;
}

/**
 * Counts a guess as failed before it is compared, so that a crash or a hundred guesses side by side gain
 * nothing. Looks at all subjects first: a refused guess counts nowhere.
 *
 * @throws Refusal `rate_limited` when one of the subjects has to wait
 */
export async function countGuess(
  transaction: Transaction,
  input: { now: number; subjects: readonly GuessSubject[] },
): Promise<void> {
  const rows = [];
  for (const { subject, policy } of input.subjects) {
    const row = await transaction.guesses.find(subject);
    const permission = mayGuess(policy, row, input.now);
    if (!permission.ok) {
      throw new Refusal('rate_limited', {
        retryAfter: Math.max(1, Math.ceil(permission.retryAfterMs / 1000)),
      });
    }
    rows.push(afterFailure(policy, row, subject, input.now));
  }
  for (const row of rows) await transaction.guesses.put(row);
}

/** Takes a guess back that turned out right. */
export async function uncountGuess(
  transaction: Transaction,
  input: { subjects: readonly GuessSubject[] },
): Promise<void> {
  for (const { subject, policy } of input.subjects) {
    const row = await transaction.guesses.find(subject);
    if (row === null) continue;
    const after = afterSuccess(policy, row);
    if (after === null) await transaction.guesses.delete(subject);
    else await transaction.guesses.put(after);
  }
}

/** Forgets the failures of these subjects altogether. */
export async function clearGuesses(transaction: Transaction, subjects: readonly string[]): Promise<void> {
  for (const subject of subjects) await transaction.guesses.delete(subject);
}
