import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import type { Clock } from '../clock.ts';
import { Refusal } from '../errors.ts';
import { liveRows } from '../sessions/live-rows.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import type { SessionRow } from '../store.ts';
import { type Account, accountOf } from './account.ts';
import type { Profile, ProfileCache } from './profile-cache.ts';

/** One place where the user is logged in. Times are milliseconds since 1970. */
export interface SessionView {
  readonly sessionId: string;
  readonly address: string;
  readonly client: string;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  /** Whether it is the one that asks. */
  readonly current: boolean;
}

export interface Me extends Account {
  readonly keyIds: readonly string[];
  readonly sessions: readonly SessionView[];
}

interface MeDependencies {
  readonly profiles: ProfileCache;
  readonly registry: SessionRegistry;
  readonly clock: Clock;
  /** Idle time of logged-in sessions, milliseconds. */
  readonly idle: number;
}

/** For how long a view is shown again: as long as its times of last use may be behind. */
const viewMilliseconds = 1000;

/**
 * The user who asks, with their key ids and sessions. Answers at once when the profile is held, and within a second
 * with the very same object, so that it need not be written out anew.
 */
export function me(dependencies: MeDependencies) {
  const views = new WeakMap<Profile, Map<string, { readonly at: number; readonly me: Me }>>();
  const view = (caller: Caller, profile: Profile): Me => {
    const sessionId = caller.sessionId ?? '';
    const now = dependencies.clock.now();
    let ofProfile = views.get(profile);
    if (ofProfile === undefined) views.set(profile, (ofProfile = new Map()));
    const held = ofProfile.get(sessionId);
    if (held !== undefined && now >= held.at && now - held.at < viewMilliseconds) return held.me;
    const fresh = {
      ...accountOf(profile.user),
      keyIds: profile.keyIds,
      sessions: sessionViews(dependencies, caller, profile.sessions),
    };
    ofProfile.set(sessionId, { at: now, me: fresh });
    return fresh;
  };
  return (caller: Caller): Me | Promise<Me> => {
    const profile = dependencies.profiles.get(userIdOf(caller));
    return profile instanceof Promise
      ? profile.then((read) => view(caller, present(read)))
      : view(caller, profile);
  };
}

/** Every place the user is logged in, the most recently used first. */
export function listSessions(dependencies: MeDependencies) {
  return async (caller: Caller): Promise<{ sessions: readonly SessionView[] }> => {
    const profile = present(await dependencies.profiles.get(userIdOf(caller)));
    const sessions = sessionViews(dependencies, caller, profile.sessions);
    return { sessions: sessions.toSorted((a, b) => b.lastUsedAt - a.lastUsedAt) };
  };
}

function present(profile: Profile | null): Profile {
  if (profile === null) throw new Refusal('session_unknown');
  return profile;
}

function sessionViews(
  dependencies: MeDependencies,
  caller: Caller,
  rows: readonly SessionRow[],
): SessionView[] {
  return liveRows(dependencies, rows).map(({ id, address, client, createdAt, lastUsedAt }) => ({
    sessionId: id,
    address,
    client,
    createdAt,
    lastUsedAt,
    current: id === caller.sessionId,
  }));
}
