import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import { invalidField } from '../errors.ts';
import { readUsername } from '../names/username.ts';
import type { Account } from './account.ts';
import type { ProfileCache } from './profile-cache.ts';
import { type PasswordCheckDependencies, confirmPassword } from './check-password.ts';

/** @throws Refusal `invalid_input`, `wrong_credentials`, `username_taken`, `rate_limited` */
export function changeUsername(dependencies: PasswordCheckDependencies & { profiles: ProfileCache }) {
  const { store, clock, profiles } = dependencies;
  const confirm = confirmPassword(dependencies);
  return async (
    caller: Caller,
    change: { newUsername: string; password: string },
  ): Promise<{ user: Account }> => {
    const userId = userIdOf(caller);
    const name = readUsername(change.newUsername);
    if (!name.ok) throw invalidField('new_username', name.problem);
    const user = await confirm(userId, caller.address, change.password);
    const changed = await store.transact('changeUsername', {
      now: clock.now(),
      claim: caller.claim,
      userId,
      verifier: user.passwordVerifier,
      username: name.username,
      usernameKey: name.key,
    });
    profiles.forget(userId);
    return changed;
  };
}
