import type { RoomKind, RoomRole } from '../room-store.ts';
import type { OnlineUser } from './connection.ts';

/** A member who is online. */
export interface Listener {
  readonly user: OnlineUser;
  /** Messages up to this number were said before they joined. */
  readonly visibleAfter: number;
  readonly role: RoomRole;
}

/** What a feed has to know of its room to speak of it. */
export interface FeedRoom {
  readonly roomId: string;
  readonly roomName: string | null;
  readonly roomKind: RoomKind;
}

/** How far the room had come when the feed was made. */
export interface FeedStart {
  readonly version: number;
  readonly members: number;
  readonly lastSeq: number;
  readonly lastRevision: number;
}

/** Who is in the room, as the store has it. */
export interface Roster {
  readonly version: number;
  readonly members: number;
  readonly listeners: ReadonlyMap<string, Listener>;
}

/**
 * Reads the roster. Null where that was not needed in the end, because what was missed has been told of meanwhile.
 *
 * @param isCurrent whether what is known here is as new as it has to be
 */
export type LoadRoster = (isCurrent: () => boolean) => Promise<Roster | null>;

/** Changes told of too early that are kept in mind; with more of them the roster is read again. */
const maxAhead = 1_000;

/**
 * The members of one room that are online here, under the version of the room's membership that they are known from.
 *
 * Whatever is told to the room carries the version at its commit. Where that is newer than what is known here, the
 * roster is read again first, so that nobody receives what was said after they were removed; what comes meanwhile
 * waits its turn.
 */
export class RoomFeed {
  readonly room: FeedRoom;
  readonly listeners = new Map<string, Listener>();
  members: number;
  private version: number;
  /** The version that `members` is of. */
  private countedAt: number;
  private readonly load: LoadRoster;
  private waiting: { version: number; callback: () => void }[] | null = null;
  /** The version that what waits has to be told under. */
  private wanted = 0;
  /** Changes that were told of before one that comes before them: version -> whose. */
  private readonly ahead = new Map<number, string>();

  constructor(room: FeedRoom, known: { version: number; members: number }, load: LoadRoster) {
    this.room = room;
    this.version = known.version;
    this.countedAt = known.version;
    this.members = known.members;
    this.load = load;
  }

  /** Takes note of a member, read from the store under a version. */
  add(listener: Listener, version: number): void {
    this.listeners.set(listener.user.userId, listener);
    // Somebody else's change was missed, here or there: what is known counts as old.
    if (version !== this.version) this.version = Math.min(version, this.version);
  }

  /** Takes note of one change of who is a member. */
  apply(
    change: { version: number; members: number; userId: string },
    patch: (listeners: Map<string, Listener>) => void,
  ): void {
    const { version, userId } = change;
    if (version < this.version) {
      // Later changes were heard of first: whether this one still holds, the store knows.
      this.refresh();
      return;
    }
    if (!this.isOvertaken(version, userId)) patch(this.listeners);
    if (version > this.version && this.ahead.size < maxAhead) this.ahead.set(version, userId);
    while (this.ahead.delete(this.version + 1)) this.version += 1;
    if (version < this.countedAt) return;
    this.members = change.members;
    this.countedAt = version;
  }

  /** Calls back when the roster is at least as new as the version: at once, as a rule. */
  whenCurrent(version: number, callback: () => void): void {
    if (this.waiting !== null) {
      this.wanted = Math.max(this.wanted, version);
      this.waiting.push({ version, callback });
    } else if (version <= this.version) {
      callback();
    } else {
      this.waiting = [{ version, callback }];
      this.wanted = version;
      void this.reload();
    }
  }

  /** The version of the room's membership that is known here. */
  get knownVersion(): number {
    return this.version;
  }

  /** Reads the roster again, whatever is known; what is told meanwhile waits. */
  refresh(): void {
    this.wanted = Infinity;
    if (this.waiting !== null) return;
    this.waiting = [];
    void this.reload();
  }

  private async reload(): Promise<void> {
    let isKnown = true;
    try {
      const roster = await this.load(() => this.version >= this.wanted);
      if (roster !== null) this.replace(roster);
    } catch {
      // Not known is not a member: everybody finds what they miss in the history.
      this.listeners.clear();
      isKnown = false;
    }
    const waiting = this.waiting ?? [];
    this.waiting = null;
    for (const { version, callback } of waiting) {
      // What came while the roster was on its way may have been said under a newer one.
      if (isKnown) this.whenCurrent(version, callback);
      else callback();
    }
  }

  private replace({ version, members, listeners }: Roster): void {
    this.version = version;
    this.countedAt = version;
    this.members = members;
    this.ahead.clear();
    this.listeners.clear();
    for (const [userId, listener] of listeners) this.listeners.set(userId, listener);
  }

  /** Whether a later change about the same user was told of already. */
  private isOvertaken(version: number, userId: string): boolean {
    for (const [later, whose] of this.ahead) if (later > version && whose === userId) return true;
    return false;
  }
}
