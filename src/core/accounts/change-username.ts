import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import { invalidField } from '../errors.ts';
import type { Hub } from '../live/hub.ts';
import { readUsername } from '../names/username.ts';
import type { Account } from './account.ts';
import type { NameHolds } from './name-holds.ts';
import type { NameChanges } from './name-changes.ts';
import type { ProfileCache } from './profile-cache.ts';
import { type PasswordCheckDependencies, confirmPassword } from './check-password.ts';

/** @throws Refusal `invalid_input`, `wrong_credentials`, `username_taken`, `rate_limited` */
export function changeUsername(
  dependencies: PasswordCheckDependencies & {
    profiles: ProfileCache;
    hub: Hub;
    names: NameHolds;
    nameChanges: NameChanges;
  },
) {
  const { store, clock, profiles, hub, names, nameChanges } = dependencies;
  const confirm = confirmPassword(dependencies);
  return async (
    caller: Caller,
    change: { newUsername: string; password: string },
  ): Promise<{ user: Account }> => {
    const userId = userIdOf(caller);
    const name = readUsername(change.newUsername);
    if (!name.ok) throw invalidField('new_username', name.problem);
    const user = await confirm(userId, caller.address, change.password);
    const changed = await names.whileTaking(name.key, null, () =>
      store.transact('changeUsername', {
        now: clock.now(),
        claim: caller.claim,
        userId,
        verifier: user.passwordVerifier,
        username: name.username,
        usernameKey: name.key,
      }),
    );
    profiles.forget(userId);
    hub.renamed(userId, name.username);
    nameChanges.note();
    return changed;
  };
}
