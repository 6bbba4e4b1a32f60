import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { Clock } from '../clock.ts';
import { isFailedOften } from '../limits/guess-backoff.ts';
import { readEmailAddress } from '../names/email-address.ts';
import type { Reader } from '../store.ts';
import { loginAccount } from './authenticate.ts';
import { guessSubjects } from './guess-subjects.ts';

/** At whom guesses are made: at a login by this address, or at who is logged in. */
export type GuessedAt = { readonly email: string } | { readonly userId: string };

/**
 * Whether there were so many wrong passwords lately that a way in which blocks accounts, rather than slowing them, does
 * not look at another. It counts what core counts, for an unknown address like for a known one, so that it does not
 * tell which of them it is.
 *
 * @param limits.failures wrong passwords that are let pass
 * @param limits.milliseconds how long after the last of them a block ends by itself
 */
export function isBlocked({
  read,
  keys,
  clock,
}: {
  read: Pick<Reader, 'guesses'>;
  keys: AtRestKeys;
  clock: Clock;
}) {
  return async (who: GuessedAt, limits: { failures: number; milliseconds: number }): Promise<boolean> => {
    const account = accountWords(who);
    if (account === null) return false;
    const [counted] = guessSubjects(keys, { account, addressGroup: '' }, false);
    const row = counted === undefined ? null : await read.guesses.find(counted.subject);
    return row !== null && isFailedOften('account', row, clock.now(), limits);
  };
}

function accountWords(who: GuessedAt): string | null {
  if ('userId' in who) return `user:${who.userId}`;
  const email = readEmailAddress(who.email);
  return email.ok ? loginAccount('email', email.key) : null;
}
