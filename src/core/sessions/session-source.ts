import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { ContentEncryption } from '../../crypto/content-encryption.ts';
import type { Clock } from '../clock.ts';
import type { SessionReads, StoredSession } from '../store.ts';
import { openAnonymousKey } from './anonymous-key.ts';
import { type Session, type SharedState, newSharedState } from './session.ts';
import type { SharedKey, SharedSessions } from './shared-sessions.ts';

/** A key as it stands outside of this process. */
export interface FoundKey {
  readonly id: string;
  readonly session: Omit<Session, 'keys'>;
  readonly enc: ContentEncryption;
  readonly secret: Buffer;
  readonly createdAt: number;
  readonly retiresAt: number | null;
  readonly windowReserved: number;
  readonly seals: number;
  readonly sealsReserved: number;
  readonly shared: SharedState | null;
}

/** Where keys are read from that are not held in memory. */
export interface SessionSource {
  /** Null for a key that opens nothing. */
  byKeyId(keyId: string): Promise<FoundKey | null>;
}

/** Keys of users' sessions, from the store: those without a user exist in memory only. */
export function storedSessions(reads: SessionReads, keys: AtRestKeys): SessionSource {
  return {
    byKeyId: async (keyId) => {
      const stored = await reads.byKeyId(keyId);
      return stored === null ? null : foundInStore(keys, stored);
    },
  };
}

/**
 * Keys that several nodes share. Which ones are good is known to all nodes together; whose they are is in the store, or,
 * where nobody has logged in yet, beside the window.
 */
export function sharedSessions(parts: {
  readonly shared: SharedSessions;
  readonly reads: SessionReads;
  readonly keys: AtRestKeys;
  readonly clock: Clock;
}): SessionSource {
  const { shared, reads, keys, clock } = parts;
  return {
    byKeyId: async (keyId) => {
      const knownAt = clock.now();
      // Before the store: a change in between leaves a version behind that the next request finds out of date.
      const entry = await shared.read(keyId);
      if (entry === null) return null;
      // Even of a session that seems to have no user: the node that logged it in may have died before it could say so.
      const stored = await reads.byKeyId(keyId);
      return stored === null
        ? foundAnonymous(keys, keyId, entry, knownAt)
        : { ...foundInStore(keys, stored), seals: 0, shared: newSharedState(entry.version, knownAt) };
    },
  };
}

/** The key as the store has it. @throws Error when it is not of this master key */
export function foundInStore(keys: AtRestKeys, { key, session: row }: StoredSession): FoundKey {
  const secret = keys.open('session-key', key.id, key.sealedKey);
  if (secret === null) throw new Error('a stored session key does not open under the master key');
  return {
    id: key.id,
    session: {
      id: row.id,
      userId: row.userId,
      createdAt: row.createdAt,
      lastUsedAt: row.lastUsedAt,
      endsAt: row.endsAt,
      address: row.address,
      client: row.client,
    },
    enc: key.enc,
    secret,
    createdAt: key.createdAt,
    retiresAt: key.retiresAt,
    windowReserved: key.windowReserved,
    seals: key.sealsReserved,
    sealsReserved: key.sealsReserved,
    shared: null,
  };
}

function foundAnonymous(
  keys: AtRestKeys,
  keyId: string,
  { anonymous, version, retiresAt }: SharedKey,
  knownAt: number,
): FoundKey | null {
  const opened = anonymous === null ? null : openAnonymousKey(keys, keyId, anonymous);
  if (opened === null) return null;
  return {
    ...opened,
    id: keyId,
    session: { ...opened.session, userId: null, lastUsedAt: knownAt },
    retiresAt,
    windowReserved: 0,
    seals: 0,
    sealsReserved: 0,
    shared: newSharedState(version, knownAt),
  };
}
