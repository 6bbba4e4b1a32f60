import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import { Refusal } from '../errors.ts';
import type { Hub } from '../live/hub.ts';
import type { AnnounceMembership } from '../rooms/announce.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import type { UserRow } from '../store.ts';
import type { PrivateKeyCache } from '../user-keys/private-key-cache.ts';
import type { NameChanges } from './name-changes.ts';
import type { ProfileCache } from './profile-cache.ts';
import { type PasswordCheckDependencies, confirmPassword } from './check-password.ts';

export interface DeletionDependencies extends PasswordCheckDependencies {
  readonly registry: SessionRegistry;
  readonly profiles: ProfileCache;
  readonly privateKeys: PrivateKeyCache;
  readonly announce: AnnounceMembership;
  readonly hub: Hub;
  readonly nameChanges: NameChanges;
}

/** Deletes the user's account and ends all their sessions. @throws Refusal `wrong_credentials`, `rate_limited` */
export function deleteAccount(dependencies: DeletionDependencies) {
  const confirm = confirmPassword(dependencies);
  return async (caller: Caller, password: string): Promise<Record<string, never>> => {
    const user = await confirm(userIdOf(caller), caller.address, password);
    await endAccount(dependencies, caller, user);
    return {};
  };
}

/**
 * Deletes the account of somebody who is logged in, for a way in that does not ask for the password again. Their other
 * connections end; the one they ask on is theirs to close.
 *
 * @throws Refusal `session_unknown`
 */
export function deleteOwnAccount(dependencies: DeletionDependencies) {
  return async (caller: Caller): Promise<void> => {
    const user = await dependencies.store.read.users.byId(userIdOf(caller));
    if (user === null || user.deletedAt !== null) throw new Refusal('session_unknown');
    await endAccount(dependencies, caller, user);
  };
}

async function endAccount(dependencies: DeletionDependencies, caller: Caller, user: UserRow): Promise<void> {
  const { store, clock, registry, profiles, privateKeys, announce, hub, nameChanges } = dependencies;
  const { left } = await store.transact('deleteAccount', {
    now: clock.now(),
    claim: caller.claim,
    userId: user.id,
    verifier: user.passwordVerifier,
  });
  await registry.endOfUser(user.id);
  hub.endKeyless(user.id, caller);
  profiles.forget(user.id);
  privateKeys.forgetUser(user.id);
  for (const change of left) announce(change);
  nameChanges.note();
}
