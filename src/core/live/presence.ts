import type { Clock, Timers } from '../clock.ts';
import type { OnlineUser } from './connection.ts';
import { type Hub, largeRoom } from './hub.ts';

/** Who has gone is announced only after this: a reconnect does not flicker. */
const graceMilliseconds = 5_000;
/** Changes are gathered for this long. */
const gatherMilliseconds = 200;
/** Large rooms are told how many are online at most this often. */
const countMilliseconds = 5_000;

export interface PresenceDependencies {
  readonly hub: () => Hub;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Where there are several nodes: tells the members of the rooms, wherever they are, unless nothing is new to them. */
  readonly tellAll?: (
    change: { userId: string; username: string; online: boolean; at: number },
    roomIds: readonly string[],
  ) => void;
}

/**
 * Announces who comes and goes: once for each user and not for each connection, to those who share a room with them,
 * several changes at once. In large rooms only the number goes round.
 */
export class Presence {
  private readonly dependencies: PresenceDependencies;
  private readonly leaving = new Map<string, () => void>();
  /** What everyone was told last, for users about whom there is something to tell. */
  private readonly changed = new Map<string, { user: OnlineUser; before: boolean }>();
  private readonly announced = new Set<string>();
  private readonly crowds = new Set<string>();
  private gathering = false;
  private counting = false;

  constructor(dependencies: PresenceDependencies) {
    this.dependencies = dependencies;
  }

  /** A user's first connection is there, or the last is gone. */
  changedTo(user: OnlineUser, online: boolean): void {
    const { userId } = user;
    this.leaving.get(userId)?.();
    this.leaving.delete(userId);
    if (online) {
      this.noteCrowds(user);
      if (!this.announced.has(userId)) this.gather(user);
      return;
    }
    const cancel = this.dependencies.timers.setTimeout(() => {
      this.leaving.delete(userId);
      this.gather(user);
    }, graceMilliseconds);
    this.leaving.set(userId, cancel);
  }

  /** Cancels what waits. */
  stop(): void {
    for (const cancel of this.leaving.values()) cancel();
    this.leaving.clear();
  }

  private gather(user: OnlineUser): void {
    this.changed.set(user.userId, { user, before: this.announced.has(user.userId) });
    if (this.gathering) return;
    this.gathering = true;
    this.dependencies.timers.setTimeout(() => {
      this.gathering = false;
      this.announce();
    }, gatherMilliseconds);
  }

  private announce(): void {
    const hub = this.dependencies.hub();
    const at = this.dependencies.clock.now();
    for (const { user, before } of this.changed.values()) {
      const online = user.connections.size > 0;
      if (online !== before) {
        this.tell(user, online, at);
      }
      if (online) {
        this.announced.add(user.userId);
      } else {
        this.announced.delete(user.userId);
        this.noteCrowds(user);
        hub.forget(user);
      }
    }
    this.changed.clear();
  }

  private tell(user: OnlineUser, online: boolean, at: number): void {
    const { userId, username } = user;
    const { hub, tellAll } = this.dependencies;
    if (tellAll !== undefined) {
      const small = [...user.rooms].filter((roomId) => (hub().feedOf(roomId)?.members ?? 0) <= largeRoom);
      tellAll({ userId, username, online, at }, small);
      return;
    }
    hub().toUsers(this.audienceOf(user), { kind: 'presence', at, username, online });
  }

  /** Everyone online who shares a room with the user that is not a large one. */
  private audienceOf(user: OnlineUser): Set<OnlineUser> {
    const hub = this.dependencies.hub();
    const audience = new Set<OnlineUser>();
    for (const roomId of user.rooms) {
      const feed = hub.feedOf(roomId);
      if (feed === undefined || feed.members > largeRoom) continue;
      for (const listener of feed.listeners.values()) audience.add(listener.user);
    }
    audience.delete(user);
    return audience;
  }

  /** How many the room has, or how many of them are online, has changed otherwise than by who comes and goes here. */
  countChanged(roomId: string): void {
    this.noteCrowd(roomId);
    this.countSoon();
  }

  private noteCrowds(user: OnlineUser): void {
    for (const roomId of user.rooms) this.noteCrowd(roomId);
    this.countSoon();
  }

  private noteCrowd(roomId: string): void {
    if ((this.dependencies.hub().feedOf(roomId)?.members ?? 0) > largeRoom) this.crowds.add(roomId);
  }

  private countSoon(): void {
    if (this.crowds.size === 0 || this.counting) return;
    this.counting = true;
    this.dependencies.timers.setTimeout(() => {
      this.counting = false;
      this.tellCounts();
    }, countMilliseconds);
  }

  private tellCounts(): void {
    const hub = this.dependencies.hub();
    const at = this.dependencies.clock.now();
    for (const roomId of this.crowds) hub.tellCounts(roomId, at);
    this.crowds.clear();
  }
}
