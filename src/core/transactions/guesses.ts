import { type GuessPolicyName, afterFailure, afterSuccess, mayGuess } from '../limits/guess-backoff.ts';
import type { GuessBlock } from '../limits/guess-blocks.ts';
import type { Transaction } from '../store.ts';

/** Something failed guesses are counted for, under a keyed hash. */
export interface GuessSubject {
  readonly subject: string;
  readonly policy: GuessPolicyName;
}

/** What became of a guess: counted, with the pauses it brought; or refused because of a pause. */
export type GuessCount =
  | { readonly kind: 'counted'; readonly blocks: readonly GuessBlock[] }
  | { readonly kind: 'refused'; readonly block: GuessBlock };

/**
 * Counts a guess as failed before it is compared, so that a crash or a hundred guesses side by side gain
 * nothing. Looks at all subjects first: a refused guess counts nowhere.
 */
export async function countGuess(
  transaction: Transaction,
  input: { now: number; subjects: readonly GuessSubject[] },
): Promise<GuessCount> {
  const rows = [];
  for (const { subject, policy } of input.subjects) {
    const row = await transaction.guesses.find(subject);
    const permission = mayGuess(policy, row, input.now);
    if (!permission.ok) {
      return { kind: 'refused', block: { subject, blockedUntil: input.now + permission.retryAfterMs } };
    }
    rows.push(afterFailure(policy, row, subject, input.now));
  }
  for (const row of rows) await transaction.guesses.put(row);
  return { kind: 'counted', blocks: rows.filter(({ blockedUntil }) => blockedUntil > input.now) };
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
