import type { Caller } from '../caller.ts';
import type { Clock } from '../clock.ts';
import type { Hub } from '../live/hub.ts';
import type { WakeMail } from '../mail/mail-delivery.ts';
import { type RandomBytes, newId } from '../random.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import type { Store, UserRow } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import type { Passwords, StoredPassword } from './passwords.ts';
import type { ProfileCache } from './profile-cache.ts';

export interface PasswordReplacement {
  readonly store: Store<Transactions>;
  readonly passwords: Passwords;
  readonly clock: Clock;
  readonly registry: SessionRegistry;
  readonly profiles: ProfileCache;
  readonly hub: Hub;
  readonly random: RandomBytes;
  readonly wakeMail: WakeMail;
}

/**
 * Puts a password that was found good in the place of the user's, and ends everything else that they are logged in with.
 *
 * @throws Refusal `wrong_credentials` when another was faster, `forbidden` where a directory keeps the password
 */
export async function replacePassword(
  { store, clock, registry, profiles, hub, random, wakeMail }: PasswordReplacement,
  caller: Caller,
  user: UserRow,
  { salt, verifier: newVerifier }: StoredPassword,
): Promise<Record<string, never>> {
  const { sessionId } = caller;
  const changed = await store.transact('changePassword', {
    now: clock.now(),
    claim: caller.claim,
    userId: user.id,
    verifier: user.passwordVerifier,
    salt,
    newVerifier,
    sessionId,
    mailId: newId(random),
  });
  await registry.endOfUser(user.id, sessionId ?? undefined);
  hub.endKeyless(user.id, caller);
  profiles.forget(user.id);
  wakeMail();
  return changed;
}
