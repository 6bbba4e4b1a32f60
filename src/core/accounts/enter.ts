import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { Refusal } from '../errors.ts';
import type { ReplayGuard } from '../sessions/replay-guard.ts';
import { sessionKeyRow, sessionRow } from '../sessions/session-rows.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import type { Session } from '../sessions/session.ts';
import type { SessionReads } from '../store.ts';
import type { LoginPlace } from '../transactions/login.ts';
import type { SealedCaller } from '../caller.ts';
import type { Clock } from '../clock.ts';
import type { BanList } from '../moderation/ban-list.ts';
import type { SeenAddresses } from '../moderation/seen-addresses.ts';
import type { ProfileCache } from './profile-cache.ts';

export interface EntryDependencies {
  readonly registry: SessionRegistry;
  readonly replayProtection: ReplayGuard;
  readonly sessions: SessionReads;
  readonly profiles: ProfileCache;
  readonly atRest: AtRestKeys;
  readonly bans: BanList;
  readonly seen: SeenAddresses;
  readonly clock: Clock;
}

/**
 * Logs the caller's session in: `commit` stores it as the user's, in one transaction with what else the login
 * does; only then is it theirs in memory.
 *
 * @throws Refusal `banned`, `kicked`: said only to who has shown that the account is theirs
 */
export async function enter<Result>(
  { registry, replayProtection, sessions, profiles, atRest, bans, seen, clock }: EntryDependencies,
  caller: SealedCaller,
  userId: string,
  commit: (place: LoginPlace) => Promise<Result>,
): Promise<Result> {
  bans.refuseUser(userId);
  const { session } = caller.key;
  seen.note(userId, caller.address, clock.now());
  const stored = session.userId !== null;
  if (!stored) {
    session.address = caller.address;
    session.client = caller.client;
  }
  const previousUser = session.userId;
  const endings = registry.endingsSoFar;
  const keys = stored ? [] : session.keys.map((key) => ({ key, row: sessionKeyRow(atRest, key) }));
  const result = await commit({ session: sessionRow(session, userId), keys: keys.map(({ row }) => row) });
  for (const { key, row } of keys) {
    key.windowReserved = row.windowReserved;
    key.sealsReserved = row.sealsReserved;
  }
  await registry.logIn(session, userId);
  profiles.forget(userId);
  if (previousUser !== null) profiles.forget(previousUser);
  // Where there are other nodes, nobody here sees what these end; they see this login now, if they look for it later.
  if (registry.isShared || registry.endingsSoFar !== endings)
    await leaveIfEnded(registry, sessions, session, userId);
  // Requests of before the login may have gone beyond the reservation: they must not be played after a restart.
  for (const key of session.keys) await replayProtection.cover(key);
  return result;
}

/** A password change that committed after this login has ended it, and may have looked for it too early. */
async function leaveIfEnded(
  registry: SessionRegistry,
  sessions: SessionReads,
  session: Session,
  userId: string,
): Promise<void> {
  const row = await sessions.byId(session.id);
  if (row !== null && row.userId === userId) return;
  await registry.end(session);
  throw new Refusal('session_unknown');
}
