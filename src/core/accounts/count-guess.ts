import type { Clock } from '../clock.ts';
import { Refusal } from '../errors.ts';
import type { GuessBlocks } from '../limits/guess-blocks.ts';
import type { Store } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import type { GuessSubject } from '../transactions/guesses.ts';

/** What guesses are counted with. */
export interface GuessCounting {
  readonly store: Store<Transactions>;
  readonly guessBlocks: GuessBlocks;
  readonly clock: Clock;
}

/**
 * Counts a guess as failed, durably, before it is compared. Who is known to have to wait is refused without asking the
 * store.
 *
 * @throws Refusal `rate_limited`
 */
export async function countGuess(
  { store, guessBlocks, clock }: GuessCounting,
  subjects: readonly GuessSubject[],
): Promise<void> {
  const now = clock.now();
  const waiting = guessBlocks.waitFor(
    subjects.map(({ subject }) => subject),
    now,
  );
  const wait = waiting instanceof Promise ? await waiting : waiting;
  if (wait > 0) throw tooEarly(wait);
  const count = await store.transact('countGuess', { now, subjects });
  if (count.kind === 'refused') {
    guessBlocks.remember([count.block], now);
    throw tooEarly(count.block.blockedUntil - now);
  }
  guessBlocks.remember(count.blocks, now);
}

/** Takes a guess back that turned out right, or that was not compared. */
export async function uncountGuess(
  { store, guessBlocks }: GuessCounting,
  subjects: readonly GuessSubject[],
): Promise<void> {
  await store.transact('uncountGuess', { subjects });
  await forgetBlocks(guessBlocks, subjects);
}

/** Says that the counters of the subjects went down with another transaction. */
export async function forgetBlocks(
  guessBlocks: GuessBlocks,
  subjects: readonly GuessSubject[],
): Promise<void> {
  await guessBlocks.forget(subjects.map(({ subject }) => subject));
}

function tooEarly(milliseconds: number): Refusal {
  return new Refusal('rate_limited', { retryAfter: Math.max(1, Math.ceil(milliseconds / 1000)) });
}
