import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { GuessPolicyName } from '../limits/guess-backoff.ts';
import type { GuessSubject } from '../transactions/guesses.ts';

/** Whose password is being guessed at, and from where. */
export interface GuessTarget {
  /** Folded username or address as typed at a login, or `user:<id>` for who is logged in. */
  readonly account: string;
  /** Group of the canonical address (an IPv6 /64 is one). */
  readonly addressGroup: string;
}

/**
 * What a guess is counted for. Logins count for the name that was typed rather than for the account behind it:
 * otherwise failing with an address would slow a username, and tell that the two belong together.
 *
 * @param byAddress false where limits by address and overall are off
 */
export function guessSubjects(keys: AtRestKeys, target: GuessTarget, byAddress: boolean): GuessSubject[] {
  const account = subject(keys, 'account', target.account);
  if (!byAddress) return [account];
  return [account, subject(keys, 'address', target.addressGroup), subject(keys, 'overall', '')];
}

function subject(keys: AtRestKeys, policy: GuessPolicyName, name: string): GuessSubject {
  return { policy, subject: keys.hash('guess-subject', `${policy} ${name}`).toString('base64url') };
}
