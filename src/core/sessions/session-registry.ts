import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { Clock } from '../clock.ts';
import type { SessionReads, StoredSession } from '../store.ts';
import { ReplayWindow } from './replay-window.ts';
import { type Session, type SessionKey, isAlive } from './session.ts';

export interface SessionRegistryOptions {
  readonly reads: SessionReads;
  readonly keys: AtRestKeys;
  readonly clock: Clock;
  /** Idle time of logged-in sessions, milliseconds. */
  readonly idle: number;
  /** Anonymous sessions kept at most; the one unused for longest goes first. Default 100,000. */
  readonly maxAnonymous?: number;
  /** Logged-in sessions kept in memory at most; those beyond are read again when they return. Default 100,000. */
  readonly maxLoaded?: number;
}

/**
 * The sessions in use, by session key id. Anonymous ones exist only here. Those of users are in the store as
 * well, and are read from there at their first use after a start.
 *
 * A Map keeps its order of insertion, so that taking a session out and putting it in again at each use leaves the
 * one unused for longest in front.
 */
export class SessionRegistry {
  private readonly options: SessionRegistryOptions;
  private readonly anonymous = new Map<string, SessionKey>();
  private readonly loggedIn = new Map<string, SessionKey>();
  private readonly loads = new Map<string, Promise<SessionKey | null>>();
  private readonly sessionsOfUser = new Map<string, Set<Session>>();
  private readonly touched = new Set<Session>();
  private endings = 0;

  constructor(options: SessionRegistryOptions) {
    this.options = options;
  }

  /** How many keys are held, by kind. */
  get size(): { anonymous: number; loggedIn: number } {
    return { anonymous: this.anonymous.size, loggedIn: this.loggedIn.size };
  }

  /** The key of this id if its session is alive. Answers at once unless the store has to be asked. */
  find(keyId: string): SessionKey | null | Promise<SessionKey | null> {
    const held = this.loggedIn.get(keyId) ?? this.anonymous.get(keyId);
    if (held === undefined) return this.load(keyId);
    if (isAlive(held, this.options.clock.now(), this.options.idle)) return held;
    this.forgetKey(held);
    return null;
  }

  /** Says that an authentic request came in. */
  touch(key: SessionKey, now: number): void {
    key.session.lastUsedAt = now;
    const anonymous = key.session.userId === null;
    const map = anonymous ? this.anonymous : this.loggedIn;
    if (map.delete(key.id)) map.set(key.id, key);
    if (!anonymous) this.touched.add(key.session);
  }

  /** Takes in a key of a session without a user. */
  addAnonymous(key: SessionKey): void {
    this.anonymous.set(key.id, key);
    if (this.anonymous.size <= (this.options.maxAnonymous ?? 100_000)) return;
    for (const oldest of this.anonymous.values()) {
      this.forgetKey(oldest);
      return;
    }
  }

  /** Takes in a key of a user's session, already committed. */
  addLoggedIn(key: SessionKey): void {
    const { userId } = key.session;
    if (userId === null) throw new Error('a logged-in session has a user');
    this.loggedIn.set(key.id, key);
    let sessions = this.sessionsOfUser.get(userId);
    if (sessions === undefined) this.sessionsOfUser.set(userId, (sessions = new Set()));
    sessions.add(key.session);
    if (this.loggedIn.size <= (this.options.maxLoaded ?? 100_000)) return;
    for (const oldest of this.loggedIn.values()) {
      // Its reserved numbers are in the store, so whatever was accepted here stays refused when it returns.
      this.forgetKey(oldest);
      return;
    }
  }

  /** Makes the session a user's, in memory; the caller has committed it. */
  logIn(session: Session, userId: string): void {
    this.leaveUser(session);
    session.userId = userId;
    for (const key of session.keys) {
      this.anonymous.delete(key.id);
      this.addLoggedIn(key);
    }
  }

  /** Ends one session at once, in memory; the caller has committed it. */
  end(session: Session): void {
    this.endings += 1;
    for (const key of [...session.keys]) this.forgetKey(key);
  }

  /** Ends the user's session of this id, in memory, where it is held; the caller has committed it. */
  endOne(userId: string, sessionId: string): void {
    this.endings += 1;
    const session = this.liveSession(userId, sessionId);
    if (session !== undefined) this.end(session);
  }

  /** Ends the user's sessions in memory, but for the one named; the caller has committed it. */
  endOfUser(userId: string, exceptId?: string): void {
    this.endings += 1;
    for (const session of [...(this.sessionsOfUser.get(userId) ?? [])]) {
      if (session.id !== exceptId) for (const key of [...session.keys]) this.forgetKey(key);
    }
  }

  /**
   * A number that changes with every ending. Who commits a login looks at it before and after: if it moved, the
   * session may have been ended in between, and is read again from the store.
   */
  get endingsSoFar(): number {
    return this.endings;
  }

  /** The user's live session of this id, with its latest use, or undefined. */
  liveSession(userId: string, sessionId: string): Session | undefined {
    for (const session of this.sessionsOfUser.get(userId) ?? []) if (session.id === sessionId) return session;
    return undefined;
  }

  /** Sessions used since the last call, for the store to remember. */
  takeTouched(): { id: string; lastUsedAt: number }[] {
    const touched = [...this.touched].map(({ id, lastUsedAt }) => ({ id, lastUsedAt }));
    this.touched.clear();
    return touched;
  }

  /** Forgets what has expired. Looks at no more than `limit` keys and returns how many went. */
  sweep(limit: number): number {
    const now = this.options.clock.now();
    let gone = 0;
    for (const map of [this.anonymous, this.loggedIn]) {
      let looked = 0;
      for (const key of map.values()) {
        if (looked++ >= limit) break;
        if (isAlive(key, now, this.options.idle)) continue;
        this.forgetKey(key);
        gone += 1;
      }
    }
    return gone;
  }

  private load(keyId: string): Promise<SessionKey | null> {
    let loading = this.loads.get(keyId);
    if (loading === undefined) {
      // Two requests that arrive together must share one window, so they share one load.
      loading = this.read(keyId).finally(() => this.loads.delete(keyId));
      this.loads.set(keyId, loading);
    }
    return loading;
  }

  private async read(keyId: string): Promise<SessionKey | null> {
    let stored: StoredSession | null;
    let before: number;
    do {
      before = this.endings;
      stored = await this.options.reads.byKeyId(keyId);
    } while (before !== this.endings);
    if (stored === null) return null;
    const held = this.loggedIn.get(keyId) ?? this.anonymous.get(keyId);
    if (held !== undefined) return held;
    const key = this.revive(stored);
    if (!isAlive(key, this.options.clock.now(), this.options.idle)) return null;
    key.session.keys.push(key);
    this.addLoggedIn(key);
    return key;
  }

  private revive({ key, session: row }: StoredSession): SessionKey {
    const secret = this.options.keys.open('session-key', key.id, key.sealedKey);
    if (secret === null) throw new Error('a stored session key does not open under the master key');
    const session: Session = this.liveSession(row.userId, row.id) ?? {
      id: row.id,
      userId: row.userId,
      createdAt: row.createdAt,
      lastUsedAt: row.lastUsedAt,
      endsAt: row.endsAt,
      address: row.address,
      client: row.client,
      keys: [],
    };
    return {
      id: key.id,
      session,
      enc: key.enc,
      secret,
      createdAt: key.createdAt,
      retiresAt: key.retiresAt,
      window: new ReplayWindow(key.windowReserved),
      windowReserved: key.windowReserved,
      seals: key.sealsReserved,
      sealsReserved: key.sealsReserved,
    };
  }

  private forgetKey(key: SessionKey): void {
    this.anonymous.delete(key.id);
    this.loggedIn.delete(key.id);
    const { session } = key;
    const at = session.keys.indexOf(key);
    if (at !== -1) session.keys.splice(at, 1);
    if (session.keys.length === 0) this.leaveUser(session);
  }

  private leaveUser(session: Session): void {
    if (session.userId === null) return;
    const sessions = this.sessionsOfUser.get(session.userId);
    sessions?.delete(session);
    if (sessions?.size === 0) this.sessionsOfUser.delete(session.userId);
  }
}
