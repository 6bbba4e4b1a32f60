import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import { invalidField } from '../errors.ts';
import { type PasswordRule, checkNewPassword } from '../names/password-rules.ts';
import { accountOf } from './account.ts';
import { type PasswordCheckDependencies, confirmPassword } from './check-password.ts';
import { type PasswordReplacement, replacePassword } from './replace-password.ts';
import { passwordSecret } from './secret.ts';

/**
 * Sets a new password; every other session of the user ends.
 *
 * @param change.passwordRule in the place of core's own, for a way in whose people know another one
 * @throws Refusal `invalid_input`, `wrong_credentials`, `rate_limited`, `busy`
 */
export function changePassword(dependencies: PasswordCheckDependencies & PasswordReplacement) {
  const { passwords } = dependencies;
  const confirm = confirmPassword(dependencies);
  return async (
    caller: Caller,
    change: { password: string; newPassword: string; passwordRule?: PasswordRule },
  ): Promise<Record<string, never>> => {
    const user = await confirm(userIdOf(caller), caller.address, change.password);
    const weakness = await (change.passwordRule ?? checkNewPassword)(change.newPassword, accountOf(user));
    if (weakness !== null) throw invalidField('new_password', weakness);
    const stored = await passwords.store(passwordSecret(change.newPassword));
    return replacePassword(dependencies, caller, user, stored);
  };
}
