import { canonicalRange, rangeEdges } from '../addresses.ts';
import type { Clock } from '../clock.ts';
import { invalidField } from '../errors.ts';
import type { Hub } from '../live/hub.ts';
import { type KeptOut, keptOutCode } from '../live/events.ts';
import type { BanKind, BanRow } from '../moderation-store.ts';
import { readUsername } from '../names/username.ts';
import { type RandomBytes, newId } from '../random.ts';
import type { AnnounceMembership } from '../rooms/announce.ts';
import type { ProfileCache } from '../accounts/profile-cache.ts';
import type { Role, Store } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import type { BanTarget } from '../transactions/bans.ts';
import type { Undone } from '../transactions/undo.ts';
import { seenAddressMilliseconds } from '../upkeep.ts';
import type { BanList } from './ban-list.ts';
import type { SeenAddresses } from './seen-addresses.ts';

export interface ModerationDependencies {
  readonly store: Store<Transactions>;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly hub: Hub;
  readonly bans: BanList;
  readonly profiles: ProfileCache;
  readonly seen: SeenAddresses;
  readonly announce: AnnounceMembership;
  /** Tells the other nodes which bans are in force from now on and which are not. Not there on a single one. */
  readonly tellNodes?: (change: BanChange) => void;
}

/** Bans that came into force, and ids of those that did not stay so. */
export interface BanChange {
  readonly lifted: readonly string[];
  readonly imposed: readonly BanRow[];
}

/** For how long the bans are believed to be as they were read. They are read twice as often, unless something is wrong. */
const knowledgeMilliseconds = 2_000;

/** Who acts, for the audit log: `console`, or the id of a user. */
export type Actor = string;

/** Whom an action is for, as an admin writes it. */
export type Target = { readonly username: string } | { readonly range: string };

/**
 * Bans, kicks and what takes them back. Each is committed with its entry in the audit log, holds from then on for
 * every way in, and ends the open connections it is about.
 */
export class Moderation {
  private readonly dependencies: ModerationDependencies;
  /** When the bans were read last. */
  private knownAt = 0;
  private reading: Promise<void> | null = null;

  constructor(dependencies: ModerationDependencies) {
    this.dependencies = dependencies;
  }

  /** Reads the bans in force. Called once, before anybody is let in. */
  async load(): Promise<void> {
    const { store, bans, clock } = this.dependencies;
    const knownAt = clock.now();
    for (const ban of await store.read.bans.inForce(knownAt)) bans.add(ban);
    this.knownAt = knownAt;
  }

  /**
   * Reads the bans again where they have not been looked at for longer than they are believed: a node that stood still,
   * or was cut off, must not let anybody in on what it knew before. Null where they are known.
   *
   * @throws Refusal `busy` while they cannot be read
   */
  whenKnown(): Promise<void> | null {
    const { clock, tellNodes } = this.dependencies;
    if (tellNodes === undefined || clock.now() - this.knownAt < knowledgeMilliseconds) return null;
    this.reading ??= this.refresh().finally(() => (this.reading = null));
    return this.reading;
  }

  /**
   * Keeps somebody out, and ends their connections.
   *
   * @param action.until milliseconds since 1970; null for good. A kick has an end
   * @returns how many connections were ended
   * @throws Refusal `user_unknown`, `invalid_input`
   */
  async impose(
    actor: Actor,
    action: { kind: BanKind; target: Target; reason: string; until: number | null },
  ): Promise<{ ban: BanRow; ended: number; target: string }> {
    const { store, clock, random } = this.dependencies;
    const { kind, reason, until } = action;
    const { ban, replaced, username } = await store.transact('imposeBan', {
      id: newId(random),
      now: clock.now(),
      actor,
      kind,
      target: readTarget(action.target),
      reason,
      until,
    });
    const ended = this.settle({ lifted: replaced, imposed: [ban] });
    return { ban, ended, target: ban.range ?? username ?? '' };
  }

  /** Lets somebody in again. @throws Refusal `user_unknown`, `not_found`, `invalid_input` */
  async lift(actor: Actor, action: { kind: BanKind; target: Target }): Promise<{ target: string }> {
    const { store, clock } = this.dependencies;
    const { lifted, target } = await store.transact('liftBan', {
      now: clock.now(),
      actor,
      kind: action.kind,
      target: readTarget(action.target),
    });
    this.settle({ lifted, imposed: [] });
    return { target };
  }

  /** Ends a user's connections now; they may come back. Returns how many. @throws Refusal `user_unknown` */
  async kill(actor: Actor, username: string, reason: string): Promise<number> {
    const { store, clock, hub } = this.dependencies;
    const usernameKey = readName(username);
    const user = await store.read.users.byUsernameKey(usernameKey);
    if (user === null) throw invalidField('username', 'there is no such user');
    const now = clock.now();
    await store.transact('noteAction', {
      now,
      actor,
      action: 'kill',
      target: user.username ?? user.id,
      details: { reason },
    });
    const why: KeptOut & { at: number } = { kind: 'killed', at: now, reason, until: null };
    return hub.kill(user.id, why);
  }

  /** Names of the accounts seen at an address or in a range in the last week. */
  async seenAt(range: string): Promise<string[]> {
    const { store, clock, seen } = this.dependencies;
    const rows = seen.take();
    if (rows.length > 0) await store.transact('noteAddresses', rows);
    const { first, last } = rangeEdges(readRange(range));
    return store.read.seenAddresses.usersBetween(first, last, clock.now() - seenAddressMilliseconds, 1_000);
  }

  /** Makes a user an admin, or an admin a user. @throws Refusal `user_unknown`, `invalid_input` */
  async setRole(actor: Actor, username: string, role: Role): Promise<void> {
    const { store, clock, profiles } = this.dependencies;
    const usernameKey = readName(username);
    const { userId } = await store.transact('setUserRole', { now: clock.now(), actor, usernameKey, role });
    profiles.forget(userId);
  }

  /** Takes back the actor's last action. @throws Refusal `not_found`, `forbidden` */
  async undo(actor: Actor): Promise<Undone> {
    const { store, clock, profiles, announce } = this.dependencies;
    const undone = await store.transact('undoLast', { now: clock.now(), actor });
    this.settle({ lifted: undone.lifted, imposed: undone.reinstated });
    for (const change of undone.changes) announce(change);
    if (undone.userId !== null) profiles.forget(undone.userId);
    return undone;
  }

  /** Follows what another node has committed: who is kept out from now on loses their connections. Returns how many. */
  follow({ lifted, imposed }: BanChange): number {
    const { bans } = this.dependencies;
    bans.remove(lifted);
    let ended = 0;
    for (const ban of imposed) {
      bans.add(ban);
      ended += this.expel(ban);
    }
    return ended;
  }

  /** Reads the bans in force again, where another node may have changed them unheard. */
  async refresh(): Promise<void> {
    const { store, bans, clock } = this.dependencies;
    for (;;) {
      const { version } = bans;
      const knownAt = clock.now();
      const rows = await store.read.bans.inForce(knownAt);
      // What was changed here meanwhile may not be among them.
      if (bans.version !== version) continue;
      for (const ban of bans.replace(rows)) this.expel(ban);
      this.knownAt = Math.max(this.knownAt, knownAt);
      return;
    }
  }

  private settle(change: BanChange): number {
    const ended = this.follow(change);
    const isChange = change.lifted.length + change.imposed.length > 0;
    if (isChange) this.dependencies.tellNodes?.(change);
    return ended;
  }

  private expel(ban: BanRow): number {
    const { hub, bans, clock } = this.dependencies;
    const why = { kind: keptOutCode(ban.kind), at: clock.now(), reason: ban.reason, until: ban.until };
    if (ban.userId !== null) return hub.keepUserOut(ban.userId, why);
    return hub.keepAddressesOut((address) => bans.ofAddress(address) !== null, { ...why, byAddress: true });
  }
}

/** @throws Refusal `invalid_input` */
export function readRange(text: string): string {
  const range = canonicalRange(text);
  if (range === null) throw invalidField('ip', 'is neither an address nor a range such as 192.0.2.0/24');
  return range;
}

function readName(username: string): string {
  const name = readUsername(username);
  if (!name.ok) throw invalidField('username', name.problem);
  return name.key;
}

function readTarget(target: Target): BanTarget {
  return 'range' in target
    ? { kind: 'range', range: readRange(target.range) }
    : { kind: 'user', usernameKey: readName(target.username) };
}
