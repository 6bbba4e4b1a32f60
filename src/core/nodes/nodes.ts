import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { Guests } from '../accounts/guests.ts';
import type { NameChanges } from '../accounts/name-changes.ts';
import type { ProfileCache } from '../accounts/profile-cache.ts';
import type { Clock, Timers } from '../clock.ts';
import type { HubOptions } from '../live/hub.ts';
import type { Presence } from '../live/presence.ts';
import { type WhoIsOnline } from '../live/who-is-online.ts';
import type { Logger } from '../logger.ts';
import type { Moderation } from '../moderation/moderation.ts';
import { changedEvent } from '../rooms/announce.ts';
import type { DataKeys } from '../rooms/data-keys.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import type { Reader } from '../store.ts';
import type { PrivateKeyCache } from '../user-keys/private-key-cache.ts';
import { type FanOut, roomTopic } from './fan-out.ts';
import { followNotices } from './follow-notices.ts';
import { GuestSweep } from './guest-sweep.ts';
import { MembershipNews } from './membership-news.ts';
import { NodeHub } from './node-hub.ts';
import { NoticeBoard } from './notice-board.ts';
import { onlineAnywhere } from './online-anywhere.ts';
import { Periodic } from './periodic.ts';
import { comparePositions } from './positions.ts';
import { PresenceAcrossNodes } from './presence-across-nodes.ts';
import { RoomCatchUp } from './room-catch-up.ts';
import { RoomCounts } from './room-counts.ts';
import { type Leases, type SharedPresence, beatMilliseconds } from './shared-presence.ts';
import { TypingNames } from './typing-names.ts';

/** What a node shares with the others. Not there at all on a single one. */
export interface NodeParts {
  /** Another one at each start. */
  readonly id: string;
  readonly fanOut: FanOut;
  readonly presence: SharedPresence;
  readonly leases: Leases;
  /** For beats, looks and waits for other nodes: what these are kept in has a clock of its own. */
  readonly timers: Timers;
  /** 0 up to 1, so that nodes do not do everything at the same time. */
  readonly random: () => number;
}

/** What a node does to the rest of core on the word of another one. */
export interface NodeEffects {
  readonly moderation: Moderation;
  readonly presence: Presence;
  readonly profiles: ProfileCache;
  readonly privateKeys: PrivateKeyCache;
  readonly nameChanges: NameChanges;
  readonly registry: SessionRegistry;
  readonly guests: Guests;
}

export interface NodesOptions extends HubOptions {
  readonly node: NodeParts;
  readonly keys: Pick<AtRestKeys, 'seal' | 'open'>;
  readonly dataKeys: DataKeys;
  readonly read: Reader;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** Between two looks into the store for what was not heard of. */
const checkMilliseconds = 1_000;
/** How long a stop waits for what is on its way to the other nodes. */
const flushMilliseconds = 1_000;

/** One of several nodes: passes on what happens here, follows what happens elsewhere, and finds what was not heard of. */
export class Nodes {
  readonly hub: NodeHub;
  readonly board: NoticeBoard;
  readonly across: PresenceAcrossNodes;
  readonly online: WhoIsOnline;
  readonly leases: Leases;
  private readonly options: NodesOptions;
  private readonly catchUp: RoomCatchUp;
  private readonly news: MembershipNews;
  private readonly counts: RoomCounts;
  private readonly typing: TypingNames;
  private periodic: Periodic[] = [];
  /** Those of them that are done at once when something may have been missed. */
  private looks: Periodic[] = [];
  private isWithdrawn = false;

  constructor(options: NodesOptions) {
    const { node, read, clock, timers, logger, keys, dataKeys } = options;
    this.options = options;
    this.leases = node.leases;
    this.board = new NoticeBoard({ nodeId: node.id, fanOut: node.fanOut, keys, clock, logger });
    this.catchUp = new RoomCatchUp({
      read,
      dataKeys,
      timers: node.timers,
      logger,
      tell: (told) => this.hub.tellInTurn(told),
    });
    this.news = new MembershipNews({
      read,
      clock,
      isIn: (userId, roomId) => this.hub.userHere(userId)?.rooms.has(roomId) ?? false,
      follow: (change) => {
        this.hub.membershipChangedElsewhere(change);
        const event = changedEvent(change, clock.now(), this.hub.onlineIn(change.roomId));
        this.hub.toUserHere(change.userId, event);
      },
    });
    this.counts = new RoomCounts({
      shared: node.presence,
      listening: () => this.hub.listening(),
      tell: (roomId, online) =>
        this.board.publish(roomTopic(roomId), { kind: 'count', roomId, node: node.id, online }),
    });
    this.typing = new TypingNames({
      clock,
      timers,
      tell: (event, version) => this.hub.toRoomHere(event, version, 'everyone'),
    });
    const { board, catchUp, news, counts, typing } = this;
    this.hub = new NodeHub(options, {
      board,
      across: () => this.across,
      catchUp,
      news,
      counts,
      typing,
      timers: node.timers,
    });
    this.across = new PresenceAcrossNodes({
      hub: () => this.hub,
      shared: node.presence,
      board,
      read,
      timers: node.timers,
      logger,
    });
    this.online = onlineAnywhere(this.hub, node.presence, logger);
  }

  /** Begins to hear the others, and to look for what was not heard of. */
  async start(effects: NodeEffects): Promise<void> {
    const { node, read, logger } = this.options;
    const { timers } = node;
    const { hub, across, counts } = this;
    const follow = followNotices({ hub, across, counts, ...effects });
    const sweep = new GuestSweep({
      read,
      guests: effects.guests,
      online: node.presence,
      isHere: (userId) => hub.isOnline(userId),
    });
    await this.board.start(follow, () => {
      sweep.forget();
      this.resync(effects);
    });
    const periodic = (name: string, milliseconds: number, work: () => Promise<void>): Periodic =>
      new Periodic({ name, milliseconds, work, timers, logger, random: node.random });
    const presence = periodic('presence', beatMilliseconds, () => this.beat());
    this.looks = [
      presence,
      periodic('rooms', checkMilliseconds, () => comparePositions(read, hub, this.catchUp)),
      periodic('memberships', checkMilliseconds, () => this.news.check()),
      periodic('bans', checkMilliseconds, () => effects.moderation.refresh()),
    ];
    this.periodic = [...this.looks, periodic('guests', 5 * beatMilliseconds, () => sweep.run())];
    // A node that is not known to live counts for nothing.
    await presence.now();
    for (const each of this.periodic) each.start();
  }

  /** Says that nobody is online here any more. */
  async withdraw(): Promise<void> {
    this.isWithdrawn = true;
    await this.options.node.presence.withdraw().catch((error: unknown) => {
      this.options.logger.warn('who was online here counts until it runs out', { error });
    });
  }

  /** Hands over what was said last, and ends. */
  async stop(): Promise<void> {
    this.catchUp.stop();
    this.typing.stop();
    await Promise.all(this.periodic.map((each) => each.stop()));
    await this.board.flush(flushMilliseconds);
    await this.options.node.fanOut.close();
  }

  /** Everything that could have been said meanwhile is looked for. */
  private resync({ profiles, privateKeys, nameChanges }: NodeEffects): void {
    profiles.dropAll();
    privateKeys.dropAll();
    nameChanges.noteHere();
    this.counts.forgetWritten();
    for (const each of this.looks) void each.now();
  }

  private async beat(): Promise<void> {
    const { node, clock } = this.options;
    await this.leases.beat();
    if (this.isWithdrawn) return;
    const { live, departed } = await node.presence.beat();
    if (departed.length > 0) await this.across.depart(departed, clock.now());
    await this.counts.beat(live, node.id);
  }
}
