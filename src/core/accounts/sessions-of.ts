import type { Clock } from '../clock.ts';
import { liveRows } from '../sessions/live-rows.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import type { Reader, SessionRow } from '../store.ts';
import { userNamed } from './user-named.ts';

/** Where a user is logged in, for an admin; the most recently used first. @throws Refusal `user_unknown`, `invalid_input` */
export function sessionsOf(parts: { read: Reader; registry: SessionRegistry; clock: Clock; idle: number }) {
  return async (username: string): Promise<SessionRow[]> => {
    const user = await userNamed(parts.read, username);
    const rows = liveRows(parts, await parts.read.sessions.ofUser(user.id));
    return rows.toSorted((a, b) => b.lastUsedAt - a.lastUsedAt);
  };
}
