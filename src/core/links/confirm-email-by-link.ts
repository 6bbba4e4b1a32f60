import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { ProfileCache } from '../accounts/profile-cache.ts';
import type { Clock } from '../clock.ts';
import { Refusal } from '../errors.ts';
import type { Store } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import { hashToken, isToken } from './link.ts';

/**
 * Puts the new address in force by the link that was mailed there. Returns the address.
 *
 * @throws Refusal `code_expired` when the link is good no more, `email_taken`
 */
export function confirmEmailByLink(dependencies: {
  store: Store<Transactions>;
  keys: AtRestKeys;
  profiles: ProfileCache;
  clock: Clock;
}) {
  const { store, keys, profiles, clock } = dependencies;
  return async (token: string): Promise<string> => {
    if (!isToken(token)) throw new Refusal('code_expired');
    const { userId, email } = await store.transact('confirmEmailByLink', {
      now: clock.now(),
      tokenHash: hashToken(keys, 'email', token),
    });
    profiles.forget(userId);
    return email;
  };
}
