import type { SealedCaller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import type { ProfileCache } from '../accounts/profile-cache.ts';
import type { Clock } from '../clock.ts';
import type { Store } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import type { SessionRegistry } from './session-registry.ts';

interface EndDependencies {
  readonly store: Store<Transactions>;
  readonly registry: SessionRegistry;
  readonly profiles: ProfileCache;
  readonly clock: Clock;
}

/** Ends another place where the user is logged in, or this one. @throws Refusal `not_found` */
export function revokeSession({ store, registry, profiles, clock }: EndDependencies) {
  return async (caller: SealedCaller, sessionId: string): Promise<Record<string, never>> => {
    const userId = userIdOf(caller);
    const ended = await store.transact('endSession', {
      now: clock.now(),
      claim: caller.claim,
      userId,
      sessionId,
    });
    await registry.endOne(userId, sessionId);
    profiles.forget(userId);
    return ended;
  };
}

/** Ends the caller's session, logged in or not. No answer is kept: there is no session left to ask again in. */
export function logout({ store, registry, profiles, clock }: EndDependencies) {
  return async (caller: SealedCaller): Promise<Record<string, never>> => {
    const { session } = caller.key;
    if (session.userId !== null) {
      const { id: sessionId, userId } = session;
      await store.transact('endSession', { now: clock.now(), claim: null, userId, sessionId });
      profiles.forget(userId);
    }
    await registry.end(session);
    return {};
  };
}
