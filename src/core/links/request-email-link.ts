import { addressGroup } from '../addresses.ts';
import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import type { Clock } from '../clock.ts';
import { invalidField } from '../errors.ts';
import { type EnforceLimit, limits } from '../limits/limits.ts';
import type { WakeMail } from '../mail/mail-delivery.ts';
import { readEmailAddress } from '../names/email-address.ts';
import { type RandomBytes, newId } from '../random.ts';
import type { Store } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import { newToken } from './link.ts';

/**
 * Mails a link to the new address and a notice to the old one, for a way in that does not ask for the password again.
 *
 * @throws Refusal `invalid_input`, `email_taken`, `rate_limited`
 */
export function requestEmailLink(dependencies: {
  store: Store<Transactions>;
  random: RandomBytes;
  clock: Clock;
  enforce: EnforceLimit;
  wakeMail: WakeMail;
}) {
  const { store, random, clock, enforce, wakeMail } = dependencies;
  return async (caller: Caller, address: string): Promise<void> => {
    const userId = userIdOf(caller);
    const email = readEmailAddress(address);
    if (!email.ok) throw invalidField('email', email.problem);
    await enforce(limits.recoveriesOfAddress, addressGroup(caller.address));
    await store.transact('requestEmailLink', {
      now: clock.now(),
      userId,
      email: email.email,
      emailKey: email.key,
      token: newToken(random),
      linkMailId: newId(random),
      noticeMailId: newId(random),
    });
    wakeMail();
  };
}
