import { AddressRanges } from '../addresses.ts';
import type { Clock } from '../clock.ts';
import { Refusal } from '../errors.ts';
import { keptOutCode } from '../live/events.ts';
import type { BanRow } from '../moderation-store.ts';

/** The bans in force, held in memory because every request is looked at. */
export class BanList {
  private readonly clock: Clock;
  private readonly ofUsers = new Map<string, BanRow[]>();
  private ids = new Set<string>();
  /** Goes up with every change. */
  version = 0;
  private ofRanges: { readonly ban: BanRow; readonly range: AddressRanges }[] = [];

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Takes a ban that was committed. */
  add(ban: BanRow): void {
    this.version += 1;
    if (this.ids.has(ban.id)) return;
    this.ids.add(ban.id);
    if (ban.range !== null) {
      this.ofRanges.push({ ban, range: new AddressRanges([ban.range]) });
    } else if (ban.userId !== null) {
      this.ofUsers.set(ban.userId, [...(this.ofUsers.get(ban.userId) ?? []), ban]);
    }
  }

  /** Lets go of bans that were lifted. */
  remove(ids: readonly string[]): void {
    this.version += 1;
    for (const id of ids) this.ids.delete(id);
    this.ofRanges = this.ofRanges.filter(({ ban }) => !ids.includes(ban.id));
    for (const [userId, bans] of this.ofUsers) {
      const left = bans.filter(({ id }) => !ids.includes(id));
      if (left.length === 0) this.ofUsers.delete(userId);
      else this.ofUsers.set(userId, left);
    }
  }

  /** Holds exactly these from now on. Returns those that it did not. */
  replace(bans: readonly BanRow[]): BanRow[] {
    const inForce = new Set(bans.map(({ id }) => id));
    const gone = [...this.ids].filter((id) => !inForce.has(id));
    if (gone.length > 0) this.remove(gone);
    const added = bans.filter(({ id }) => !this.ids.has(id));
    for (const ban of added) this.add(ban);
    return added;
  }

  /** Whether any ban needs the address: working it out costs something. */
  get looksAtAddresses(): boolean {
    return this.ofRanges.length > 0;
  }

  /** What keeps the user out, a ban before a kick; null when nothing does. */
  ofUser(userId: string): BanRow | null {
    if (this.ofUsers.size === 0) return null;
    return this.worst(this.ofUsers.get(userId) ?? []);
  }

  /** What keeps the canonical address out. */
  ofAddress(address: string): BanRow | null {
    if (this.ofRanges.length === 0) return null;
    const matching = this.ofRanges.filter(({ range }) => range.includes(address));
    return this.worst(matching.map(({ ban }) => ban));
  }

  /** @throws Refusal `banned` or `kicked`, with reason and end */
  refuseUser(userId: string): void {
    const ban = this.ofUser(userId);
    if (ban !== null) throw refusalFor(ban);
  }

  /** @throws Refusal `banned` or `kicked`, with reason and end */
  refuseAddress(address: string): void {
    const ban = this.ofAddress(address);
    if (ban !== null) throw refusalFor(ban);
  }

  private worst(bans: readonly BanRow[]): BanRow | null {
    const now = this.clock.now();
    const inForce = bans.filter(({ until }) => until === null || until > now);
    return inForce.find(({ kind }) => kind === 'ban') ?? inForce[0] ?? null;
  }
}

function refusalFor({ kind, reason, until }: BanRow): Refusal {
  return new Refusal(keptOutCode(kind), { reason, until });
}
