import { addressGroup } from '../addresses.ts';
import type { Clock } from '../clock.ts';
import { type EnforceLimit, limits } from '../limits/limits.ts';
import type { WakeMail } from '../mail/mail-delivery.ts';
import { readUsername } from '../names/username.ts';
import { type RandomBytes, newId } from '../random.ts';
import type { Store } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import { newToken } from './link.ts';

/**
 * Mails a link to set a new password to the address of the account, where there are both. Nobody is told whether.
 *
 * @throws Refusal `rate_limited` (by the address of the client, whatever the name)
 */
export function requestResetLink(dependencies: {
  store: Store<Transactions>;
  random: RandomBytes;
  clock: Clock;
  enforce: EnforceLimit;
  wakeMail: WakeMail;
}) {
  const { store, random, clock, enforce, wakeMail } = dependencies;
  return async (address: string, login: string): Promise<void> => {
    await enforce(limits.recoveriesOfAddress, addressGroup(address));
    const name = readUsername(login);
    if (!name.ok) return;
    await store.transact('requestResetLink', {
      now: clock.now(),
      usernameKey: name.key,
      token: newToken(random),
      mailId: newId(random),
    });
    wakeMail();
  };
}
