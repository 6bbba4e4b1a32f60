import type { Timers } from '../clock.ts';
import type { Connection, OnlineUser } from '../live/connection.ts';
import type { EventRoom, KeptOut, LiveEvent } from '../live/events.ts';
import { Hub, type HubOptions, largeRoom } from '../live/hub.ts';
import type { FeedStart, Roster } from '../live/room-feed.ts';
import type { MembershipChange } from '../transactions/memberships.ts';
import { roomTopic, userTopic } from './fan-out.ts';
import type { MembershipNews } from './membership-news.ts';
import type { NoticeBoard } from './notice-board.ts';
import type { RoomAudience } from './notices.ts';
import type { PresenceAcrossNodes } from './presence-across-nodes.ts';
import type { RoomCatchUp } from './room-catch-up.ts';
import type { RoomCounts } from './room-counts.ts';
import type { ToldMessage } from './room-sequence.ts';
import type { TypingNames } from './typing-names.ts';

/** What a hub has beside the others when it is one of several. */
export interface NodeHubParts {
  readonly board: NoticeBoard;
  readonly across: () => Pick<PresenceAcrossNodes, 'came' | 'left'>;
  readonly catchUp: RoomCatchUp;
  readonly news: MembershipNews;
  readonly counts: RoomCounts;
  readonly typing: TypingNames;
  readonly timers: Timers;
}

/** A notice of who came or went is waited for this long before the roster is read. */
const rosterPatienceMilliseconds = 60;
/** Until a roster that could not be read is read again. */
const rosterRetryMilliseconds = 500;

/**
 * The hub of one of several nodes. Whatever is told to its own connections, it passes on; what others pass on, it tells
 * its own by the methods that end in `Here`. Messages go through the room's order in both cases.
 */
export class NodeHub extends Hub {
  private readonly parts: NodeHubParts;
  /** By user: when what is said to them on other nodes is heard. */
  private readonly subscribed = new Map<string, Promise<void>>();
  /** Rooms followed here of which it is not known yet that what other nodes say is heard. */
  private readonly unheard = new Set<string>();

  constructor(options: HubOptions, parts: NodeHubParts) {
    super(options);
    this.parts = parts;
  }

  override get hasOthers(): boolean {
    return true;
  }

  override async attach(connection: Connection, username: string): Promise<void> {
    const isFirst = !this.users.get(connection.userId)?.connections.size;
    await super.attach(connection, username);
    if (!isFirst) return;
    // What the other nodes say about a room may be found later; what they say to one user is said once.
    await Promise.all([this.subscribed.get(connection.userId), this.parts.across().came(connection.userId)]);
  }

  override toRoom(event: LiveEvent & EventRoom, membersVersion: number, butId: string | null = null): void {
    const to = butId === null ? 'everyone' : { butId };
    this.toRoomHere(event, membersVersion, to);
    this.passOn(event, membersVersion, to);
  }

  override toReaders(readerId: string, event: LiveEvent & EventRoom, membersVersion: number): void {
    this.toRoomHere(event, membersVersion, { readsAs: readerId });
    this.passOn(event, membersVersion, { readsAs: readerId });
  }

  override toModerators(event: LiveEvent & EventRoom): void {
    super.toModerators(event);
    this.passOn(event, 0, 'moderators');
  }

  override toUser(userId: string, event: LiveEvent & Partial<EventRoom>): void {
    super.toUser(userId, event);
    this.parts.board.publish(userTopic(userId), { kind: 'user event', userId, event });
  }

  override toAll(event: LiveEvent): number {
    this.parts.board.publish('control', { kind: 'event for all', event });
    return super.toAll(event);
  }

  override membershipChanged(change: MembershipChange): void {
    this.parts.news.note(change);
    super.membershipChanged(change);
    const notice = { kind: 'membership', change } as const;
    if (change.wasMember || change.state === 'member') {
      this.parts.board.publish(roomTopic(change.roomId), notice);
    }
    this.parts.board.publish(userTopic(change.userId), notice);
  }

  override renamed(userId: string, username: string): void {
    super.renamed(userId, username);
    this.parts.board.publish(userTopic(userId), { kind: 'renamed', userId, username });
  }

  override endKeyless(userId: string, except: unknown = null): void {
    super.endKeyless(userId, except);
    this.parts.board.publish(userTopic(userId), { kind: 'end keyless', userId });
  }

  /** How many of the room's members are online, on any node, as far as is known here. */
  override onlineIn(roomId: string): number {
    const online = super.onlineIn(roomId) + this.parts.counts.elsewhere(roomId);
    // Who is on two nodes is counted by both.
    return Math.min(online, this.feeds.get(roomId)?.members ?? online);
  }

  /** Tells the room's members that are here. */
  toRoomHere(event: LiveEvent & EventRoom, membersVersion: number, to: RoomAudience): void {
    if (event.kind === 'message') {
      this.parts.catchUp.take({ event, version: membersVersion });
    } else if (to === 'moderators') {
      super.toModerators(event);
    } else if (typeof to === 'object' && 'butId' in to) {
      super.toRoom(event, membersVersion, to.butId);
    } else if (to !== 'everyone') {
      if (this.isLarge(event.roomId)) super.toUser(to.readsAs, event);
      else super.toRoom(event, membersVersion);
    } else if (event.kind !== 'typing') {
      super.toRoom(event, membersVersion);
    } else if (!this.isLarge(event.roomId)) {
      if (this.parts.typing.told(event, membersVersion)) super.toRoom(event, membersVersion);
    }
  }

  /** Tells a message whose turn it is. */
  tellInTurn({ event, version }: ToldMessage): void {
    const wasTyping = this.parts.typing.ended(event.roomId, event.sender);
    super.toRoom(wasTyping ? { ...event, wasTyping } : event, version);
  }

  toUserHere(userId: string, event: LiveEvent & Partial<EventRoom>): void {
    super.toUser(userId, event);
  }

  toAllHere(event: LiveEvent): void {
    super.toAll(event);
  }

  endKeylessHere(userId: string): void {
    super.endKeyless(userId);
  }

  renamedHere(userId: string, username: string): void {
    super.renamed(userId, username);
  }

  /** Ends a user's connections on every node. Returns how many were here. */
  override kill(userId: string, why: KeptOut & { readonly at: number }): number {
    this.parts.board.publish(userTopic(userId), { kind: 'kill', userId, why });
    return super.kill(userId, why);
  }

  /** Takes note of a change that another node tells of. */
  membershipHeard(change: MembershipChange): void {
    const isHeard = this.feeds.has(change.roomId) && !this.unheard.has(change.roomId);
    this.membershipChangedElsewhere(change);
    if (!isHeard) this.tellJoined(change);
  }

  /** Takes note of a change that another node has committed, or that was found in the store. */
  membershipChangedElsewhere(change: MembershipChange): void {
    const { roomId, userId, membersVersion } = change;
    this.parts.news.note(change);
    const feed = this.feeds.get(roomId);
    if (feed === undefined && !this.users.has(userId)) return;
    // What is known here already may be newer than the notice.
    if (feed !== undefined && membersVersion < feed.knownVersion) return;
    super.membershipChanged(change);
    if (feed === undefined) this.parts.catchUp.verify(roomId);
  }

  /** Compares with the version that the store has of who is in the room. */
  compareRoster(roomId: string, membersVersion: number): void {
    const feed = this.feeds.get(roomId);
    if (feed?.listeners.size === 0) {
      this.feeds.delete(roomId);
      this.feedClosed(roomId);
    } else {
      feed?.whenCurrent(membersVersion, () => {});
    }
  }

  /** Ids of the rooms that somebody listens to here. */
  get followedRooms(): IterableIterator<string> {
    return this.feeds.keys();
  }

  /** The rooms that are not direct, with how many listen here. */
  *listening(): Generator<readonly [roomId: string, online: number]> {
    for (const [roomId, { room, listeners }] of this.feeds) {
      if (room.roomKind !== 'direct') yield [roomId, listeners.size];
    }
  }

  /** Somebody who is online here. */
  userHere(userId: string): OnlineUser | undefined {
    return this.users.get(userId);
  }

  /** Everyone here who is in one of the rooms, each once, but the one named. */
  listenersOf(roomIds: Iterable<string>, butId: string): Set<OnlineUser> {
    const listeners = new Set<OnlineUser>();
    for (const roomId of roomIds) {
      if (this.isLarge(roomId)) continue;
      for (const { user } of this.feeds.get(roomId)?.listeners.values() ?? []) {
        if (user.userId !== butId) listeners.add(user);
      }
    }
    return listeners;
  }

  protected override userCame(userId: string): void {
    this.parts.news.came(userId);
    this.subscribed.set(userId, this.parts.board.subscribe(userTopic(userId)));
  }

  protected override userLeft(userId: string): void {
    this.parts.news.left(userId);
    this.parts.across().left(userId);
    this.subscribed.delete(userId);
    this.parts.board.unsubscribe(userTopic(userId));
  }

  protected override feedOpened(roomId: string, start: FeedStart): void {
    this.parts.catchUp.open(roomId, start);
    this.parts.counts.opened(roomId);
    this.unheard.add(roomId);
    void this.parts.board.subscribe(roomTopic(roomId)).finally(() => this.unheard.delete(roomId));
  }

  protected override feedClosed(roomId: string): void {
    this.parts.catchUp.close(roomId);
    this.parts.counts.closed(roomId);
    this.parts.board.unsubscribe(roomTopic(roomId));
  }

  protected override listenerFound(user: OnlineUser, roomId: string): void {
    if (!user.rooms.has(roomId)) this.parts.news.suspect(user.userId, roomId);
    super.listenerFound(user, roomId);
  }

  protected override async loadRoster(roomId: string, isCurrent: () => boolean): Promise<Roster | null> {
    // What is missing may be on its way from another node than what tells that it is.
    await this.pause(rosterPatienceMilliseconds);
    for (;;) {
      if (isCurrent()) return null;
      try {
        const roster = await super.loadRoster(roomId, isCurrent);
        for (const { user } of this.feeds.get(roomId)?.listeners.values() ?? []) {
          if (roster?.listeners.has(user.userId) !== false) continue;
          user.rooms.delete(roomId);
          this.parts.news.suspect(user.userId, roomId);
        }
        return roster;
      } catch (error) {
        // What was said waits for the store to be back, rather than being told to nobody.
        if (!this.feeds.has(roomId) || this.isStopping) throw error;
        await this.pause(rosterRetryMilliseconds);
      }
    }
  }

  /** Says what the room was told while nobody here listened to it: it is in no store, to be found there later. */
  private tellJoined(change: MembershipChange): void {
    const { roomId, roomName, roomKind, username, state, wasMember, since: at } = change;
    if (state !== 'member' || wasMember || roomKind === 'direct' || this.isLarge(roomId)) return;
    const event = { kind: 'member_joined', at, roomId, roomName, pair: null, username } as const;
    super.toRoom(event, change.membersVersion);
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.parts.timers.setTimeout(resolve, milliseconds));
  }

  private passOn(event: LiveEvent & EventRoom, version: number, to: RoomAudience): void {
    this.parts.board.publish(roomTopic(event.roomId), { kind: 'room event', event, version, to });
  }

  private isLarge(roomId: string): boolean {
    return (this.feeds.get(roomId)?.members ?? 0) > largeRoom;
  }
}
