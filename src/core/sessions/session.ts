import { contentEncryptions, type ContentEncryption } from '../../crypto/content-encryption.ts';
import { ReplayWindow } from './replay-window.ts';

/** One place where somebody talks to the server: anonymous at first, a user's after login. */
export interface Session {
  /** Stable over rotations; what `/list_sessions` shows. */
  readonly id: string;
  userId: string | null;
  readonly createdAt: number;
  lastUsedAt: number;
  /** The absolute end, whatever is done in between. */
  readonly endsAt: number;
  address: string;
  client: string;
  /** The keys that open it: one, or two while a rotation is in flight. */
  readonly keys: SessionKey[];
}

/** A key of a session, in use. */
export interface SessionKey {
  /** The public name, `session_key` on the wire. */
  readonly id: string;
  readonly session: Session;
  readonly enc: ContentEncryption;
  readonly secret: Buffer;
  readonly createdAt: number;
  retiresAt: number | null;
  readonly window: ReplayWindow;
  /** Sequence numbers up to here may be accepted: after a restart all of them count as seen. */
  windowReserved: number;
  /** Payloads sealed under the key so far. */
  seals: number;
  sealsReserved: number;
  /** Null where this is the only node. */
  readonly shared: SharedState | null;
}

/** What this node knows of a key that nodes share. */
export interface SharedState {
  /** Of the key's last change that is known here. */
  version: number;
  /** When the session was last read from where it is stored. */
  knownAt: number;
  /** The highest sequence number that is known to be used. */
  highest: number;
  /** Seals that are counted already and were not made yet; below zero, those that were made and not counted. */
  sealsAhead: number;
  /** Whether seals are being counted. */
  isCounting: boolean;
}

/** What is known of a key that was just read, or made. */
export function newSharedState(version: number, knownAt: number): SharedState {
  return { version, knownAt, highest: 0, sealsAhead: 0, isCounting: false };
}

/** What one key may seal at most (PROTOCOL.md §4). */
export const maxSeals = 2 ** 20;
/** From here on, answers ask the client to rotate. */
export const rotationAdvisedAfterSeals = maxSeals * 0.75;
/** A session ends after 30 days, used or not. */
export const absoluteSessionMilliseconds = 30 * 24 * 60 * 60 * 1000;
/** Sessions without a user idle out sooner than those with one. */
export const anonymousIdleMilliseconds = 10 * 60 * 1000;
/** How long a rotated key stays good for what is in flight. */
export const rotationGraceMilliseconds = 30 * 1000;
/** How many numbers are made durable at once, so that few requests write anything. */
export const reservationSize = 4096;

/** A session nobody has logged in to yet, without a key. */
export function newSession(id: string, origin: { address: string; client: string }, now: number): Session {
  return {
    id,
    userId: null,
    createdAt: now,
    lastUsedAt: now,
    endsAt: now + absoluteSessionMilliseconds,
    address: origin.address,
    client: origin.client,
    keys: [],
  };
}

/** A fresh key for the session, which is added to it. */
export function addSessionKey(
  session: Session,
  key: { id: string; enc: ContentEncryption; secret: Buffer },
  now: number,
  shared: SharedState | null = null,
): SessionKey {
  const sessionKey: SessionKey = {
    ...key,
    session,
    createdAt: now,
    retiresAt: null,
    window: new ReplayWindow(),
    windowReserved: 0,
    seals: 0,
    sealsReserved: 0,
    shared,
  };
  session.keys.push(sessionKey);
  return sessionKey;
}

/** Bytes of the raw key that `enc` takes. */
export function sessionKeyBytes(enc: ContentEncryption): number {
  return contentEncryptions[enc].keyBytes;
}

/** Milliseconds of idleness after which the session ends. */
export function idleMilliseconds(session: Session, loggedInIdle: number): number {
  return session.userId === null ? Math.min(anonymousIdleMilliseconds, loggedInIdle) : loggedInIdle;
}

/** True while the key opens its session. */
export function isAlive(key: SessionKey, now: number, loggedInIdle: number): boolean {
  const { session } = key;
  return isOpen(key, now) && now - session.lastUsedAt < idleMilliseconds(session, loggedInIdle);
}

/** The same for a session that may be in use elsewhere, so that nobody here knows whether it is idle. */
export function isOpen(key: SessionKey, now: number): boolean {
  return now < key.session.endsAt && (key.retiresAt === null || now < key.retiresAt) && key.seals < maxSeals;
}
