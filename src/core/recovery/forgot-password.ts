import { addressGroup } from '../addresses.ts';
import type { Clock } from '../clock.ts';
import { invalidField } from '../errors.ts';
import { type EnforceLimit, limits } from '../limits/limits.ts';
import type { WakeMail } from '../mail/mail-delivery.ts';
import { readEmailAddress } from '../names/email-address.ts';
import { type RandomBytes, newCode, newId } from '../random.ts';
import type { Store } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import { type CodeForm, type RecoveringCaller, usualCode } from './code.ts';

/**
 * First step of recovery: a code goes to the address, if an account has it. Nobody is told whether.
 *
 * @throws Refusal `invalid_input`, `rate_limited` (by the address of the client, known or not)
 */
export function forgotPassword(dependencies: {
  store: Store<Transactions>;
  random: RandomBytes;
  clock: Clock;
  enforce: EnforceLimit;
  wakeMail: WakeMail;
}) {
  const { store, random, clock, enforce, wakeMail } = dependencies;
  return async (
    caller: RecoveringCaller,
    address: string,
    form: CodeForm = usualCode,
  ): Promise<Record<string, never>> => {
    const email = readEmailAddress(address);
    if (!email.ok) throw invalidField('email', email.problem);
    await enforce(limits.recoveriesOfAddress, addressGroup(caller.address));
    const requested = await store.transact('requestRecovery', {
      now: clock.now(),
      claim: caller.claim,
      sessionId: caller.sessionId,
      emailKey: email.key,
      code: newCode(random, form.characters),
      decoyCode: newCode(random, form.characters),
      milliseconds: form.milliseconds,
      mailId: newId(random),
    });
    wakeMail();
    return requested;
  };
}
