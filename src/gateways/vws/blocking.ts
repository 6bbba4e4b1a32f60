import type { GuessedAt } from '../../core/accounts/account-block.ts';
import type { Core } from '../../core/core.ts';
import { Refusal } from '../../core/errors.ts';
import { AccountBlocked } from './answers.ts';

/** How these clients know it: after five wrong passwords none is looked at, until recovery or for a quarter of an hour. */
const block = { failures: 5, milliseconds: 15 * 60 * 1000 };

/**
 * Does what asks for a password, unless too many wrong ones were tried.
 *
 * @throws AccountBlocked
 */
export async function unlessBlocked<Result>(
  core: Pick<Core, 'isBlocked'>,
  who: GuessedAt,
  task: () => Promise<Result>,
): Promise<Result> {
  if (await core.isBlocked(who, block)) throw new AccountBlocked();
  try {
    return await task();
  } catch (error) {
    // Of guesses side by side core looks at five, and slows the others: here they are told what the next would be.
    const isSlowed = error instanceof Refusal && error.code === 'rate_limited';
    if (isSlowed && (await core.isBlocked(who, block))) throw new AccountBlocked();
    throw error;
  }
}
