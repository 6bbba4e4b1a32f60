import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import { Refusal, invalidField } from '../errors.ts';
import { limits } from '../limits/limits.ts';
import { checkNewPassword } from '../names/password-rules.ts';
import { accountOf } from './account.ts';
import type { PasswordCheckDependencies } from './check-password.ts';
import { type PasswordReplacement, replacePassword } from './replace-password.ts';
import type { Secret } from './secret.ts';

/**
 * Sets a new password for somebody who is logged in, for a way in that does not ask for the old one again. Everything
 * else that the user is logged in with ends.
 *
 * @throws Refusal `invalid_input`, `rate_limited`, `busy`, `session_unknown`, `wrong_credentials` when it was changed meanwhile
 */
export function setPassword(dependencies: PasswordReplacement & Pick<PasswordCheckDependencies, 'enforce'>) {
  const { store, passwords, enforce } = dependencies;
  return async (caller: Caller, secret: Secret, ownSalt?: Buffer): Promise<void> => {
    const userId = userIdOf(caller);
    const user = await store.read.users.byId(userId);
    if (user === null || user.deletedAt !== null) throw new Refusal('session_unknown');
    // Of a pre-hash nothing can be checked but its form.
    if (secret.kind === 'password') {
      const weakness = await checkNewPassword(secret.password, accountOf(user));
      if (weakness !== null) throw invalidField('password', weakness);
    }
    await enforce(limits.confirmationsOfUser, userId);
    await replacePassword(dependencies, caller, user, await passwords.store(secret, ownSalt));
  };
}
