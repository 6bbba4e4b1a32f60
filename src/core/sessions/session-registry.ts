import type { Clock } from '../clock.ts';
import type { EndedSessions } from '../nodes/notices.ts';
import { ReplayWindow } from './replay-window.ts';
import type { FoundKey, SessionSource } from './session-source.ts';
import type { SessionNews } from './session-news.ts';
import { type Session, type SessionKey, isAlive, isOpen } from './session.ts';

export interface SessionRegistryOptions {
  /** Where keys are read from that are not held. */
  readonly source: SessionSource;
  /** What other nodes are told; null where there are none. */
  readonly news: SessionNews | null;
  readonly clock: Clock;
  /** Idle time of logged-in sessions, milliseconds. */
  readonly idle: number;
  /** Anonymous sessions kept at most; the one unused for longest goes first. Default 100,000. */
  readonly maxAnonymous?: number;
  /** Logged-in sessions kept in memory at most; those beyond are read again when they return. Default 100,000. */
  readonly maxLoaded?: number;
  /** Called when a user's key opens nothing any more: what hangs on it has to go. */
  readonly onKeyEnd?: (key: SessionKey, userId: string) => void;
  /** Called when sessions of a user were ended here, for nodes that connections of theirs may be open on. */
  readonly onEnded?: (ended: EndedSessions) => void;
}

/** A session that is in use on another node may look idle in the store for a while. */
const readLatelyMilliseconds = 60_000;

/**
 * The sessions in use, by session key id. Anonymous ones exist only here, or, where there are several nodes, in what
 * these share. Those of users are in the store as well, and are read from there at their first use after a start.
 *
 * What changes a session takes effect here at once; what it returns is there to be waited for where other nodes have to
 * be told.
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
  /** How many connections are open for a key. */
  private readonly watched = new Map<SessionKey, number>();
  private endings = 0;

  constructor(options: SessionRegistryOptions) {
    this.options = options;
  }

  /** How many keys are held, by kind. */
  get size(): { anonymous: number; loggedIn: number } {
    return { anonymous: this.anonymous.size, loggedIn: this.loggedIn.size };
  }

  /** The key of this id if its session is alive. Answers at once unless it has to be read. */
  find(keyId: string): SessionKey | null | Promise<SessionKey | null> {
    const held = this.loggedIn.get(keyId) ?? this.anonymous.get(keyId);
    if (held === undefined) return this.load(keyId);
    if (this.isUsable(held)) return held;
    this.forget(held);
    return null;
  }

  /** Whether the key, which was found here before, opens its session still. */
  holds(key: SessionKey): boolean {
    const held = this.loggedIn.get(key.id) ?? this.anonymous.get(key.id);
    return held === key && this.isUsable(key);
  }

  /** Says that an authentic request came in. */
  touch(key: SessionKey, now: number): void {
    key.session.lastUsedAt = now;
    const anonymous = key.session.userId === null;
    const map = anonymous ? this.anonymous : this.loggedIn;
    if (map.delete(key.id)) map.set(key.id, key);
    if (!anonymous) this.touched.add(key.session);
  }

  /** Says that a connection is still open for the key: who listens is not idle. */
  keepAlive(key: SessionKey, now: number): void {
    this.touch(key, now);
    void this.options.news?.usedWithoutNumber(key);
  }

  /** Says that a connection is open for the key. @returns what says that it is not any more */
  watch(key: SessionKey): () => void {
    this.watched.set(key, (this.watched.get(key) ?? 0) + 1);
    return () => {
      const left = (this.watched.get(key) ?? 1) - 1;
      if (left === 0) this.watched.delete(key);
      else this.watched.set(key, left);
    };
  }

  /** The keys that connections are open for. */
  watchedKeys(): SessionKey[] {
    return [...this.watched.keys()];
  }

  /** Takes in a new key of a session without a user. @throws Refusal `busy` */
  addAnonymous(key: SessionKey): void | Promise<void> {
    this.keepAnonymous(key);
    return this.announce(key);
  }

  /** Makes a new key of a user's session known elsewhere, before it is committed. @throws Refusal `busy` */
  announce(key: SessionKey): void | Promise<void> {
    return this.options.news?.opened(key).catch((error: unknown) => {
      this.forget(key);
      throw error;
    });
  }

  /** Takes in a key of a user's session, already committed. */
  addLoggedIn(key: SessionKey): void {
    const { userId } = key.session;
    if (userId === null) throw new Error('a logged-in session has a user');
    this.loggedIn.set(key.id, key);
    let sessions = this.sessionsOfUser.get(userId);
    if (sessions === undefined) this.sessionsOfUser.set(userId, (sessions = new Set()));
    sessions.add(key.session);
    // Its reserved numbers are in the store, so whatever was accepted here stays refused when it returns.
    if (this.loggedIn.size > (this.options.maxLoaded ?? 100_000)) this.forgetOldest(this.loggedIn);
  }

  /** Makes the session a user's; the caller has committed it. */
  logIn(session: Session, userId: string): void | Promise<void> {
    const previousUserId = session.userId;
    this.giveTo(session, userId);
    return this.options.news?.loggedIn(session, userId, previousUserId);
  }

  /** Lets a key end at that time; the caller has committed it. */
  retire(key: SessionKey, retiresAt: number): void | Promise<void> {
    key.retiresAt = retiresAt;
    return this.options.news?.retired(key, retiresAt);
  }

  /** Ends one session at once; the caller has committed it. */
  end(session: Session): void | Promise<void> {
    this.endings += 1;
    const keys = [...session.keys];
    const { userId, id: sessionId } = session;
    for (const key of keys) this.forget(key);
    if (userId !== null) this.options.onEnded?.({ userId, sessionId, exceptId: null });
    return this.options.news?.ended(sessionId, userId, keys);
  }

  /** Ends the user's session of this id, wherever it is held; the caller has committed it. */
  endOne(userId: string, sessionId: string): void | Promise<void> {
    this.endings += 1;
    const session = this.liveSession(userId, sessionId);
    if (session !== undefined) return this.end(session);
    this.options.onEnded?.({ userId, sessionId, exceptId: null });
    return this.options.news?.ended(sessionId, userId, []);
  }

  /** Ends the user's sessions, but for the one named; the caller has committed it. */
  endOfUser(userId: string, exceptId?: string): void | Promise<void> {
    this.endings += 1;
    for (const session of [...(this.sessionsOfUser.get(userId) ?? [])]) {
      if (session.id !== exceptId) for (const key of [...session.keys]) this.forget(key);
    }
    this.options.onEnded?.({ userId, sessionId: null, exceptId: exceptId ?? null });
    return this.options.news?.endedOfUser(userId, exceptId);
  }

  /** Ends here what another node has ended. */
  endedElsewhere({ userId, sessionId, exceptId }: EndedSessions): void {
    this.endings += 1;
    for (const session of [...(this.sessionsOfUser.get(userId) ?? [])]) {
      const isEnded = sessionId === null ? session.id !== exceptId : session.id === sessionId;
      if (isEnded) for (const key of [...session.keys]) this.forget(key);
    }
  }

  /**
   * A number that changes with every ending. Who commits a login looks at it before and after: if it moved, the
   * session may have been ended in between, and is read again from the store.
   */
  get endingsSoFar(): number {
    return this.endings;
  }

  /** Whether sessions may end, and users log in, where this process does not see it. */
  get isShared(): boolean {
    return this.options.news !== null;
  }

  /** The user's live session of this id, with its latest use here, or undefined. */
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
        if (isAlive(key, now, this.options.idle) || (isOpen(key, now) && wasReadLately(key, now))) continue;
        this.forget(key);
        gone += 1;
      }
    }
    return gone;
  }

  /** Takes over what another node has changed about a key that is held here; null: it opens nothing any more. */
  apply(key: SessionKey, found: FoundKey | null): void {
    if (!this.holds(key)) return;
    const { session } = key;
    if (found === null || (found.session.userId === null && session.userId !== null)) {
      this.forget(key);
      return;
    }
    key.retiresAt = found.retiresAt;
    const { userId } = found.session;
    if (userId !== null && userId !== session.userId) this.giveTo(session, userId);
  }

  /** Takes a key out of memory, and ends what hangs on it here. */
  forget(key: SessionKey): void {
    if (this.anonymous.get(key.id) === key) this.anonymous.delete(key.id);
    if (this.loggedIn.get(key.id) === key) this.loggedIn.delete(key.id);
    const { session } = key;
    const at = session.keys.indexOf(key);
    if (at !== -1) session.keys.splice(at, 1);
    this.tellEnd(key);
    if (session.keys.length === 0) this.leaveUser(session);
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
    let found: FoundKey | null;
    let before: number;
    do {
      before = this.endings;
      found = await this.options.source.byKeyId(keyId);
    } while (before !== this.endings);
    if (found === null) return null;
    const held = this.loggedIn.get(keyId) ?? this.anonymous.get(keyId);
    if (held !== undefined) return held;
    const key = this.revive(found);
    if (!this.isUsable(key)) return null;
    key.session.keys.push(key);
    if (key.session.userId === null) this.keepAnonymous(key);
    else this.addLoggedIn(key);
    return key;
  }

  private revive({ session: row, ...key }: FoundKey): SessionKey {
    const live = row.userId === null ? undefined : this.liveSession(row.userId, row.id);
    return {
      ...key,
      session: live ?? { ...row, keys: [] },
      window: new ReplayWindow(key.windowReserved),
    };
  }

  /** Where nodes share sessions they also share the knowledge whether one is idle. */
  private isUsable(key: SessionKey): boolean {
    const now = this.options.clock.now();
    return this.isShared ? isOpen(key, now) : isAlive(key, now, this.options.idle);
  }

  private keepAnonymous(key: SessionKey): void {
    this.anonymous.set(key.id, key);
    if (this.anonymous.size > (this.options.maxAnonymous ?? 100_000)) this.forgetOldest(this.anonymous);
  }

  private forgetOldest(keys: ReadonlyMap<string, SessionKey>): void {
    for (const oldest of keys.values()) {
      this.forget(oldest);
      return;
    }
  }

  private giveTo(session: Session, userId: string): void {
    if (session.userId !== userId) for (const key of session.keys) this.tellEnd(key);
    this.leaveUser(session);
    session.userId = userId;
    for (const key of session.keys) {
      this.anonymous.delete(key.id);
      this.addLoggedIn(key);
    }
  }

  private tellEnd(key: SessionKey): void {
    if (key.session.userId !== null) this.options.onKeyEnd?.(key, key.session.userId);
  }

  private leaveUser(session: Session): void {
    if (session.userId === null) return;
    const sessions = this.sessionsOfUser.get(session.userId);
    sessions?.delete(session);
    if (sessions?.size === 0) this.sessionsOfUser.delete(session.userId);
  }
}

function wasReadLately({ shared }: SessionKey, now: number): boolean {
  return shared !== null && now - shared.knownAt < readLatelyMilliseconds;
}
