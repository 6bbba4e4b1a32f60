import type { RsaPublicKey } from '../../crypto/rsa-public-key.ts';
import { type PasswordCheckDependencies, confirmPassword } from '../accounts/check-password.ts';
import type { ProfileCache } from '../accounts/profile-cache.ts';
import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import { type EnforceLimit, limits } from '../limits/limits.ts';
import type { KeySupply } from './key-supply.ts';

/** Gives the user a new key pair; old ones still decrypt. @throws Refusal `wrong_credentials`, `rate_limited` */
export function rotateUserKey(
  dependencies: PasswordCheckDependencies & {
    keySupply: KeySupply;
    profiles: ProfileCache;
    enforce: EnforceLimit;
  },
) {
  const { store, clock, keySupply, profiles, enforce } = dependencies;
  const confirm = confirmPassword(dependencies);
  return async (
    caller: Caller,
    change: { password: string; publicKey: RsaPublicKey | null },
  ): Promise<{ kid: string }> => {
    const userId = userIdOf(caller);
    const user = await confirm(userId, caller.address, change.password);
    await enforce(limits.keyRotationsOfUser, userId);
    const row = await keySupply.nextKey(userId, change.publicKey, clock.now());
    const rotated = await store.transact('addUserKey', {
      now: clock.now(),
      claim: caller.claim,
      userId,
      verifier: user.passwordVerifier,
      row,
    });
    profiles.forget(userId);
    return rotated;
  };
}
