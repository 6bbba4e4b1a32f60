import type { Logger } from '../logger.ts';
import type { Reader } from '../store.ts';
import type { MembershipChange } from '../transactions/memberships.ts';
import type { Connection, OnlineUser } from './connection.ts';
import { Delivery } from './delivery.ts';
import type { EventRoom, KeptOut, LiveEvent } from './events.ts';
import { type FeedRoom, type FeedStart, type Listener, RoomFeed, type Roster } from './room-feed.ts';

export interface HubOptions {
  readonly read: Reader;
  readonly logger: Logger;
  /** Called when a user's first connection is there, and when the last is gone. */
  readonly onPresence: (user: OnlineUser, online: boolean) => void;
  /** Called when somebody has joined or left a room, on whichever node. */
  readonly onMembers: (roomId: string) => void;
}

/** What the hub has done, for the metrics. */
export interface HubCounts {
  /** Events handed to connections, by way in. */
  readonly deliveries: Map<string, number>;
  /** Live connections, by way in. */
  readonly connections: Map<string, number>;
  /** Connections that were cut off because they did not read, by way in. */
  readonly tooSlow: Map<string, number>;
}

/** Rooms with more members than this tell counts, not who comes, goes and types. */
export const largeRoom = 200;

/**
 * Carries events from core to the connections of those they concern. Any kind of connection attaches here; who may
 * hear what is decided here and nowhere else, for each event anew.
 */
export class Hub {
  readonly counts: HubCounts = { deliveries: new Map(), connections: new Map(), tooSlow: new Map() };
  protected readonly options: HubOptions;
  protected readonly users = new Map<string, OnlineUser>();
  protected readonly feeds = new Map<string, RoomFeed>();
  private stopping = false;

  constructor(options: HubOptions) {
    this.options = options;
  }

  /** Takes a connection in. From when the promise is fulfilled it misses nothing. */
  async attach(connection: Connection, username: string): Promise<void> {
    let user = this.users.get(connection.userId);
    if (user === undefined) {
      user = { userId: connection.userId, username, connections: new Set(), rooms: new Set(), ready: null };
      this.users.set(connection.userId, user);
      this.userCame(connection.userId);
    }
    user.ready ??= this.loadRooms(user);
    user.username = username;
    const wasConnected = user.connections.size > 0;
    user.connections.add(connection);
    count(this.counts.connections, connection.way, 1);
    try {
      await user.ready;
    } catch (error) {
      user.ready = null;
      throw error;
    }
    if (!wasConnected && user.connections.size > 0) this.options.onPresence(user, true);
    if (this.stopping) connection.end('stopping');
  }

  /** Lets a connection go; its user stays in the rooms until `forget`. */
  detach(connection: Connection): void {
    const user = this.users.get(connection.userId);
    if (user === undefined || !user.connections.delete(connection)) return;
    count(this.counts.connections, connection.way, -1);
    if (user.connections.size === 0) this.options.onPresence(user, false);
  }

  /** Takes note of a connection that is about to be cut off because it does not read. */
  noteTooSlow({ way }: Pick<Connection, 'way'>): void {
    count(this.counts.tooSlow, way, 1);
  }

  /** Forgets a user who has no connection any more. */
  forget(user: OnlineUser): void {
    if (user.connections.size > 0 || this.users.get(user.userId) !== user) return;
    this.users.delete(user.userId);
    this.userLeft(user.userId);
    for (const roomId of user.rooms) this.leaveFeed(roomId, user.userId);
    user.rooms.clear();
  }

  /** Whether the user has a connection, or had one a moment ago. */
  isOnline(userId: string): boolean {
    return this.users.has(userId);
  }

  /** Whether the user has a connection by this way in. */
  isConnectedBy(userId: string, way: string): boolean {
    for (const connection of this.users.get(userId)?.connections ?? []) {
      if (connection.way === way) return true;
    }
    return false;
  }

  /** Ids of all who are online. */
  onlineUserIds(): IterableIterator<string> {
    return this.users.keys();
  }

  /** Ids of some who are online, at most so many. */
  someOnline(limit: number): string[] {
    const ids: string[] = [];
    for (const id of this.users.keys()) {
      if (ids.length >= limit) break;
      ids.push(id);
    }
    return ids;
  }

  /** How many users are online. */
  get onlineUsers(): number {
    return this.users.size;
  }

  /** How many of the room's members are online. */
  onlineIn(roomId: string): number {
    return this.feeds.get(roomId)?.listeners.size ?? 0;
  }

  /** The room's feed, where anybody listens. */
  feedOf(roomId: string): RoomFeed | undefined {
    return this.feeds.get(roomId);
  }

  /** Tells the members of a room, but the one named; a message only those who had joined before it. */
  toRoom(event: LiveEvent & EventRoom, membersVersion: number, butId: string | null = null): void {
    const feed = this.feeds.get(event.roomId);
    feed?.whenCurrent(membersVersion, () => {
      const seq = event.kind === 'message' ? event.seq : Infinity;
      const delivery = this.deliveryOf(event, event.pair);
      for (const { user, visibleAfter } of feed.listeners.values()) {
        if (seq > visibleAfter && user.userId !== butId) delivery.toUser(user, event.roomId);
      }
      delivery.end();
    });
  }

  /** Tells a room how far somebody has read: in a large one, that is told to themselves alone. */
  toReaders(readerId: string, event: LiveEvent & EventRoom, membersVersion: number): void {
    const members = this.feeds.get(event.roomId)?.members ?? 0;
    if (members > largeRoom) this.toUser(readerId, event);
    else this.toRoom(event, membersVersion);
  }

  /** Tells everyone in the room who may let others in. */
  toModerators(event: LiveEvent & EventRoom): void {
    const delivery = this.deliveryOf(event, event.pair);
    for (const { user, role } of this.feeds.get(event.roomId)?.listeners.values() ?? []) {
      if (role !== 'member') delivery.toUser(user, event.roomId);
    }
    delivery.end();
  }

  /** Tells the members of a large room how many of them are online. */
  tellCounts(roomId: string, at: number): void {
    const feed = this.feeds.get(roomId);
    if (feed === undefined) return;
    const nobody = { username: null, state: null, role: null, reason: null, pair: null };
    const counts = { members: feed.members, online: this.onlineIn(roomId) };
    const event: LiveEvent = { kind: 'room_changed', at, ...feed.room, ...nobody, ...counts };
    const delivery = this.deliveryOf(event, null);
    for (const { user } of feed.listeners.values()) delivery.toUser(user, roomId);
    delivery.end();
  }

  /** Tells one user, on all their connections. */
  toUser(userId: string, event: LiveEvent & Partial<EventRoom>): void {
    const user = this.users.get(userId);
    if (user === undefined) return;
    const delivery = this.deliveryOf(event, event.pair ?? null);
    delivery.toUser(user, null);
    delivery.end();
  }

  /** Tells several users. */
  toUsers(users: Iterable<OnlineUser>, event: LiveEvent): void {
    const delivery = this.deliveryOf(event, null);
    for (const user of users) delivery.toUser(user, null);
    delivery.end();
  }

  /** Tells everybody who is connected. Returns how many connections that were. */
  toAll(event: LiveEvent): number {
    this.toUsers(this.users.values(), event);
    return this.connectionCount;
  }

  /** Whether nobody is taken in any more. */
  get isStopping(): boolean {
    return this.stopping;
  }

  /** Live connections of one user. */
  connectionsOf(userId: string): number {
    return this.users.get(userId)?.connections.size ?? 0;
  }

  /** Whether there are other nodes, which have connections of the same users. */
  get hasOthers(): boolean {
    return false;
  }

  get connectionCount(): number {
    let connections = 0;
    for (const user of this.users.values()) connections += user.connections.size;
    return connections;
  }

  /** Takes note of how somebody stands to a room now. Whoever commits such a change says so at once. */
  membershipChanged(change: MembershipChange): void {
    const user = this.users.get(change.userId);
    const isMember = change.state === 'member';
    if (change.wasMember !== isMember || isMember) {
      const { membersVersion: version, members, lastSeq, lastRevision } = change;
      const known = { version, members, lastSeq, lastRevision };
      const listens = isMember && user !== undefined;
      const feed = listens ? this.ensureFeed(change, known) : this.feeds.get(change.roomId);
      feed?.apply({ ...known, userId: change.userId }, (listeners) => {
        if (isMember && user !== undefined) {
          const { visibleAfter, role } = change;
          listeners.set(change.userId, { user, visibleAfter, role });
          user.rooms.add(change.roomId);
        } else {
          listeners.delete(change.userId);
        }
      });
    }
    if (!isMember && user !== undefined) {
      user.rooms.delete(change.roomId);
      this.leaveFeed(change.roomId, change.userId);
    }
    if (change.wasMember !== isMember) this.options.onMembers(change.roomId);
  }

  /** Takes note of another name. */
  renamed(userId: string, username: string): void {
    const user = this.users.get(userId);
    if (user !== undefined) user.username = username;
  }

  /** Ends what hangs on a session key. */
  endSessionKey(userId: string, keyId: string): void {
    for (const connection of [...(this.users.get(userId)?.connections ?? [])]) {
      if (connection.sessionKeyId === keyId) connection.end('logged out');
    }
  }

  /** Ends a user's connections that hang on no session key, all but the one given. */
  endKeyless(userId: string, except: unknown = null): void {
    for (const connection of [...(this.users.get(userId)?.connections ?? [])]) {
      if (connection.sessionKeyId === null && connection !== except) connection.end('logged out');
    }
  }

  /** Ends a user's connections; they may come back. Returns how many. */
  kill(userId: string, why: KeptOut & { readonly at: number }): number {
    return this.keepUserOut(userId, why);
  }

  /** Ends a user's connections, after telling them why. Returns how many. */
  keepUserOut(userId: string, why: KeptOut & { readonly at: number }): number {
    const user = this.users.get(userId);
    return user === undefined ? 0 : this.keepOut([user], () => true, why);
  }

  /** Ends the connections from addresses that are kept out, after telling them why. Returns how many. */
  keepAddressesOut(isOut: (address: string) => boolean, why: KeptOut & { readonly at: number }): number {
    return this.keepOut([...this.users.values()], ({ address }) => isOut(address), why);
  }

  private keepOut(
    users: readonly OnlineUser[],
    matches: (connection: Connection) => boolean,
    why: KeptOut & { readonly at: number },
  ): number {
    let ended = 0;
    const delivery = this.deliveryOf(why, null);
    for (const user of users) {
      for (const connection of [...user.connections]) {
        if (!matches(connection)) continue;
        delivery.to(connection);
        connection.end('kept out');
        ended += 1;
      }
    }
    delivery.end();
    return ended;
  }

  /** Ends all connections: they, and any that come from now on, are told to come back later. */
  stop(event: LiveEvent): void {
    this.stopping = true;
    this.toUsers(this.users.values(), event);
    for (const user of [...this.users.values()]) {
      for (const connection of [...user.connections]) connection.end('stopping');
    }
  }

  private deliveryOf(event: LiveEvent, pair: EventRoom['pair']): Delivery {
    return new Delivery(event, pair, this.counts.deliveries);
  }

  private async loadRooms(user: OnlineUser): Promise<void> {
    const places = await this.options.read.rooms.ofUser(user.userId);
    // They may have gone while that was being read.
    if (this.users.get(user.userId) !== user) return;
    for (const { room, membership } of places) {
      if (membership.state !== 'member') continue;
      const { membersVersion: version, members, lastSeq, lastRevision } = room;
      const named = { roomId: room.id, roomName: room.name, roomKind: room.kind };
      const feed = this.ensureFeed(named, { version, members, lastSeq, lastRevision });
      feed.add({ user, visibleAfter: membership.visibleAfter, role: membership.role }, version);
      user.rooms.add(room.id);
    }
  }

  private ensureFeed({ roomId, roomName, roomKind }: FeedRoom, known: FeedStart): RoomFeed {
    let feed = this.feeds.get(roomId);
    if (feed === undefined) {
      feed = new RoomFeed({ roomId, roomName, roomKind }, known, (isCurrent) =>
        this.loadRoster(roomId, isCurrent),
      );
      this.feeds.set(roomId, feed);
      this.feedOpened(roomId, known);
    }
    return feed;
  }

  protected leaveFeed(roomId: string, userId: string): void {
    const feed = this.feeds.get(roomId);
    feed?.listeners.delete(userId);
    if (feed?.listeners.size !== 0) return;
    this.feeds.delete(roomId);
    this.feedClosed(roomId);
  }

  /** Somebody is here who was not. */
  protected userCame(_userId: string): void {}

  /** Nobody is left of them. */
  protected userLeft(_userId: string): void {}

  /** From now on there are listeners in the room. */
  protected feedOpened(_roomId: string, _start: FeedStart): void {}

  /** There are none any more. */
  protected feedClosed(_roomId: string): void {}

  /** Somebody here was read to be a member. */
  protected listenerFound(user: OnlineUser, roomId: string): void {
    user.rooms.add(roomId);
  }

  protected async loadRoster(roomId: string, _isCurrent: () => boolean): Promise<Roster | null> {
    const { read, logger } = this.options;
    try {
      const room = await read.rooms.byId(roomId);
      const online = [...this.users.keys()];
      const listeners = new Map<string, Listener>();
      for (let at = 0; at < online.length; at += usersAtOnce) {
        const rows = await read.memberships.membersAmong(roomId, online.slice(at, at + usersAtOnce));
        for (const { userId, visibleAfter, role } of rows) {
          const user = this.users.get(userId);
          if (user === undefined) continue;
          this.listenerFound(user, roomId);
          listeners.set(userId, { user, visibleAfter, role });
        }
      }
      return { version: room?.membersVersion ?? 0, members: room?.members ?? 0, listeners };
    } catch (error) {
      logger.error('the members of a room could not be read', { error });
      throw error;
    }
  }
}

/** How many users are asked for in one query. */
const usersAtOnce = 500;

function count(counts: Map<string, number>, name: string, difference: number): void {
  counts.set(name, (counts.get(name) ?? 0) + difference);
}
