import type { Clock } from '../clock.ts';
import type { SessionRow } from '../store.ts';
import type { SessionRegistry } from './session-registry.ts';

/** How far the store may be behind with the last use of a session on another node. */
export const unwrittenUseMilliseconds = 60_000;

/** Of the stored sessions, those still alive, each with its last use: the store learns of that only now and then. */
export function liveRows(
  parts: { readonly registry: SessionRegistry; readonly clock: Clock; readonly idle: number },
  rows: readonly SessionRow[],
): SessionRow[] {
  const now = parts.clock.now();
  const idle = parts.idle + (parts.registry.isShared ? unwrittenUseMilliseconds : 0);
  const alive: SessionRow[] = [];
  for (const row of rows) {
    const usedHereAt = parts.registry.liveSession(row.userId, row.id)?.lastUsedAt ?? 0;
    const lastUsedAt = Math.max(row.lastUsedAt, usedHereAt);
    if (now < row.endsAt && now - lastUsedAt < idle) alive.push({ ...row, lastUsedAt });
  }
  return alive;
}
