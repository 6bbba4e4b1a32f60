import { timingSafeEqual } from 'node:crypto';
import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import { Refusal, invalidField } from '../errors.ts';
import type { WakeMail } from '../mail/mail-delivery.ts';
import { readEmailAddress } from '../names/email-address.ts';
import { type RandomBytes, newCode, newId, normalizeCode } from '../random.ts';
import { hashCode } from '../recovery/code.ts';
import type { Account } from './account.ts';
import type { ProfileCache } from './profile-cache.ts';
import { type PasswordCheckDependencies, confirmPassword } from './check-password.ts';

/**
 * Sends a code to the new address and a notice to the old one.
 *
 * @throws Refusal `invalid_input`, `wrong_credentials`, `email_taken`, `rate_limited`
 */
export function requestEmailChange(
  dependencies: PasswordCheckDependencies & { random: RandomBytes; wakeMail: WakeMail },
) {
  const { store, clock, random, wakeMail } = dependencies;
  const confirm = confirmPassword(dependencies);
  return async (
    caller: Caller,
    change: { email: string; password: string },
  ): Promise<Record<string, never>> => {
    const userId = userIdOf(caller);
    const email = readEmailAddress(change.email);
    if (!email.ok) throw invalidField('email', email.problem);
    const user = await confirm(userId, caller.address, change.password);
    const requested = await store.transact('requestEmailChange', {
      now: clock.now(),
      claim: caller.claim,
      userId,
      verifier: user.passwordVerifier,
      email: email.email,
      emailKey: email.key,
      code: newCode(random),
      codeMailId: newId(random),
      noticeMailId: newId(random),
    });
    wakeMail();
    return requested;
  };
}

/** Puts the new address in force. @throws Refusal `code_wrong`, `code_expired`, `email_taken` */
export function confirmEmailChange(
  dependencies: Pick<PasswordCheckDependencies, 'store' | 'clock'> & {
    atRest: AtRestKeys;
    profiles: ProfileCache;
  },
) {
  const { store, clock, atRest, profiles } = dependencies;
  return async (caller: Caller, typedCode: string): Promise<{ user: Account }> => {
    const userId = userIdOf(caller);
    const waiting = await store.read.codes.find('change_email', userId);
    const attempt = await store.transact('spendCodeAttempt', {
      purpose: 'change_email',
      subject: userId,
      now: clock.now(),
    });
    if (attempt === null || waiting?.email === null || waiting === null) throw new Refusal('code_expired');
    const codeHash = hashCode(atRest, 'change_email', userId, normalizeCode(typedCode));
    if (!timingSafeEqual(codeHash, attempt.codeHash)) {
      throw new Refusal('code_wrong', { attemptsLeft: attempt.attemptsLeft });
    }
    const email = readEmailAddress(waiting.email);
    if (!email.ok) throw new Error('an address that was accepted is none now');
    const changed = await store.transact('confirmEmailChange', {
      now: clock.now(),
      claim: caller.claim,
      userId,
      codeHash,
      email: email.email,
      emailKey: email.key,
    });
    profiles.forget(userId);
    return changed;
  };
}
