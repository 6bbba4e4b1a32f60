import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import { invalidField } from '../errors.ts';
import type { WakeMail } from '../mail/mail-delivery.ts';
import { checkNewPassword } from '../names/password-rules.ts';
import { type RandomBytes, newId } from '../random.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import { accountOf } from './account.ts';
import type { ProfileCache } from './profile-cache.ts';
import { type PasswordCheckDependencies, confirmPassword } from './check-password.ts';

/**
 * Sets a new password; every other session of the user ends.
 *
 * @throws Refusal `invalid_input`, `wrong_credentials`, `rate_limited`, `busy`
 */
export function changePassword(
  dependencies: PasswordCheckDependencies & {
    registry: SessionRegistry;
    profiles: ProfileCache;
    random: RandomBytes;
    wakeMail: WakeMail;
  },
) {
  const { store, clock, passwords, registry, profiles, random, wakeMail } = dependencies;
  const confirm = confirmPassword(dependencies);
  return async (
    caller: Caller,
    change: { password: string; newPassword: string },
  ): Promise<Record<string, never>> => {
    const userId = userIdOf(caller);
    const sessionId = caller.key.session.id;
    const user = await confirm(userId, caller.address, change.password);
    const weakness = await checkNewPassword(change.newPassword, accountOf(user));
    if (weakness !== null) throw invalidField('new_password', weakness);
    const { salt, verifier: newVerifier } = await passwords.store(change.newPassword);
    const changed = await store.transact('changePassword', {
      now: clock.now(),
      claim: caller.claim,
      userId,
      verifier: user.passwordVerifier,
      salt,
      newVerifier,
      sessionId,
      mailId: newId(random),
    });
    registry.endOfUser(userId, sessionId);
    profiles.forget(userId);
    wakeMail();
    return changed;
  };
}
