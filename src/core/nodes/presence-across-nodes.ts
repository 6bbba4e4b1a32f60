import type { Timers } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Reader } from '../store.ts';
import { roomTopic } from './fan-out.ts';
import type { NodeHub } from './node-hub.ts';
import type { NoticeBoard } from './notice-board.ts';
import type { PresenceChange } from './notices.ts';
import type { SharedPresence } from './shared-presence.ts';

export interface PresenceAcrossNodesOptions {
  readonly hub: () => NodeHub;
  readonly shared: SharedPresence;
  readonly board: NoticeBoard;
  readonly read: Reader;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** What other nodes say about somebody comes by each room that they are in, and is gathered for this long. */
const gatherMilliseconds = 200;

/**
 * Announces who comes and goes once over all nodes: the node where somebody comes finds out whether they were here
 * before, the last one that they leave says so, and tells each of the rooms that are not large.
 */
export class PresenceAcrossNodes {
  private readonly options: PresenceAcrossNodesOptions;
  /** What happens about one user happens in order. */
  private readonly turns = new Map<string, Promise<void>>();
  private readonly heard = new Map<string, { change: PresenceChange; rooms: Set<string> }>();

  constructor(options: PresenceAcrossNodesOptions) {
    this.options = options;
  }

  /** Somebody has their first connection here. Fulfilled when every node that asks finds them online. */
  came(userId: string): Promise<void> {
    return this.inTurn(userId, async () => {
      if (this.options.hub().isOnline(userId)) await this.options.shared.enter(userId);
    });
  }

  /** Nobody waits for them here any more, whether anybody was told that they came or not. */
  left(userId: string): void {
    void this.inTurn(userId, async () => {
      if (!this.options.hub().isOnline(userId)) await this.options.shared.leave(userId);
    });
  }

  /** Somebody has come here, or gone from here. @param roomIds rooms whose members are told */
  changed(change: PresenceChange, roomIds: readonly string[]): void {
    void this.inTurn(change.userId, () => this.announce(change, roomIds));
  }

  /** Another node tells a room. */
  heardOf(roomId: string, change: PresenceChange): void {
    const gathered = this.heard.get(change.userId);
    if (gathered !== undefined) {
      gathered.rooms.add(roomId);
      gathered.change = change;
      return;
    }
    if (this.heard.size === 0) this.options.timers.setTimeout(() => this.tellHeard(), gatherMilliseconds);
    this.heard.set(change.userId, { change, rooms: new Set([roomId]) });
  }

  /** Says of users whose node died that they are gone. */
  async depart(userIds: readonly string[], at: number): Promise<void> {
    const { hub, read } = this.options;
    const gone = userIds.filter((userId) => !hub().isOnline(userId));
    const names = await read.users.usernames(gone);
    for (const userId of gone) {
      const username = names.get(userId);
      if (username === undefined) continue;
      const rooms: string[] = [];
      for (const { room, membership } of await read.rooms.ofUser(userId)) {
        if (membership.state === 'member') rooms.push(room.id);
      }
      if (!hub().isOnline(userId)) this.tell({ userId, username, online: false, at }, rooms);
    }
  }

  private inTurn(userId: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.turns.get(userId) ?? Promise.resolve())
      .then(() => this.unlessAway(work))
      .finally(() => {
        if (this.turns.get(userId) === turn) this.turns.delete(userId);
      });
    this.turns.set(userId, turn);
    return turn;
  }

  /** What could not be said is put right with the next beat. */
  private async unlessAway(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.options.logger.warn('it is not known who is online elsewhere', { error });
    }
  }

  private async announce(change: PresenceChange, roomIds: readonly string[]): Promise<void> {
    const { shared } = this.options;
    let isElsewhere = false;
    await this.unlessAway(async () => {
      isElsewhere = change.online ? await shared.enter(change.userId) : await shared.leave(change.userId);
    });
    if (!isElsewhere) this.tell(change, roomIds);
  }

  private tell(change: PresenceChange, roomIds: readonly string[]): void {
    const { board } = this.options;
    this.tellHere(change, roomIds);
    for (const roomId of roomIds) board.publish(roomTopic(roomId), { kind: 'presence', roomId, ...change });
  }

  private tellHeard(): void {
    for (const { change, rooms } of this.heard.values()) this.tellHere(change, rooms);
    this.heard.clear();
  }

  private tellHere({ userId, username, online, at }: PresenceChange, roomIds: Iterable<string>): void {
    const hub = this.options.hub();
    hub.toUsers(hub.listenersOf(roomIds, userId), { kind: 'presence', at, username, online });
  }
}
