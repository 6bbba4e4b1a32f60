import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { Clock, Timers } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { EndedSessions } from '../nodes/notices.ts';
import type { SessionReads } from '../store.ts';
import { RecheckLoop } from './recheck-loop.ts';
import type { ReplayGuard } from './replay-guard.ts';
import { ReplayProtection, type Reserve } from './replay-protection.ts';
import { SessionNews } from './session-news.ts';
import { SessionRefresh } from './session-refresh.ts';
import { SessionRegistry } from './session-registry.ts';
import { sharedSessions, storedSessions } from './session-source.ts';
import type { SessionKey } from './session.ts';
import { SharedReplayGuard } from './shared-replay-guard.ts';
import type { SharedSessions } from './shared-sessions.ts';

export interface SessionParts {
  /** What nodes know together; null where this is the only one. */
  readonly shared: SharedSessions | null;
  readonly reads: SessionReads;
  readonly reserve: Reserve;
  readonly keys: AtRestKeys;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly idle: number;
  readonly maxAnonymous?: number;
  readonly onKeyEnd: (key: SessionKey, userId: string) => void;
  readonly onEnded: (ended: EndedSessions) => void;
}

/** The sessions of one node, alone or among others. */
export interface Sessions {
  readonly registry: SessionRegistry;
  readonly replayProtection: ReplayGuard;
  readonly recheck: RecheckLoop;
}

/** Puts the sessions together: with windows of their own, or with those that all nodes share. */
export function assembleSessions(parts: SessionParts): Sessions {
  const { shared, reads, keys, clock, timers, logger, idle, reserve } = parts;
  const source =
    shared === null ? storedSessions(reads, keys) : sharedSessions({ shared, reads, keys, clock });
  const registry = new SessionRegistry({
    source,
    news: shared === null ? null : new SessionNews({ shared, keys, clock, idle, logger }),
    clock,
    idle,
    onKeyEnd: parts.onKeyEnd,
    onEnded: parts.onEnded,
    ...(parts.maxAnonymous === undefined ? {} : { maxAnonymous: parts.maxAnonymous }),
  });
  if (shared === null) {
    return {
      registry,
      replayProtection: new ReplayProtection({ reserve, logger }),
      recheck: new RecheckLoop({ refresh: null, timers, logger }),
    };
  }
  const refresh = new SessionRefresh({ registry, source, reads, keys, clock });
  return {
    registry,
    replayProtection: new SharedReplayGuard({ shared, registry, refresh, clock, idle, logger }),
    recheck: new RecheckLoop({ refresh, timers, logger }),
  };
}
