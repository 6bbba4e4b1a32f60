import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import type { PrivateKeyCache } from '../user-keys/private-key-cache.ts';
import type { ProfileCache } from './profile-cache.ts';
import { type PasswordCheckDependencies, confirmPassword } from './check-password.ts';

/** Deletes the user's account and ends all their sessions. @throws Refusal `wrong_credentials`, `rate_limited` */
export function deleteAccount(
  dependencies: PasswordCheckDependencies & {
    registry: SessionRegistry;
    profiles: ProfileCache;
    privateKeys: PrivateKeyCache;
  },
) {
  const { store, clock, registry, profiles, privateKeys } = dependencies;
  const confirm = confirmPassword(dependencies);
  return async (caller: Caller, password: string): Promise<Record<string, never>> => {
    const userId = userIdOf(caller);
    const user = await confirm(userId, caller.address, password);
    const deleted = await store.transact('deleteAccount', {
      now: clock.now(),
      claim: caller.claim,
      userId,
      verifier: user.passwordVerifier,
    });
    registry.endOfUser(userId);
    profiles.forget(userId);
    privateKeys.forgetUser(userId);
    return deleted;
  };
}
