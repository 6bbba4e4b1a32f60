import type { Clock } from '../clock.ts';
import type { MembershipRow } from '../room-store.ts';
import { pairOf } from '../rooms/pair.ts';
import type { Reader } from '../store.ts';
import type { MembershipChange } from '../transactions/memberships.ts';

export interface MembershipNewsOptions {
  readonly read: Reader;
  readonly clock: Clock;
  /** Follows a change that nobody here had been told of. */
  readonly follow: (change: MembershipChange) => void;
  /** Whether somebody here is known to be in the room. */
  readonly isIn: (userId: string, roomId: string) => boolean;
}

/** How far back is looked: more than clocks of nodes differ and a commit takes. */
const overlapMilliseconds = 10_000;
/** For how long it is remembered what somebody was told. */
const rememberedMilliseconds = 4 * overlapMilliseconds;
const rowsAtOnce = 1_000;

/**
 * Finds what has changed for users connected here and was never heard of: that they joined, were let in, invited or
 * removed on another node, and the notice of it was lost.
 */
export class MembershipNews {
  private readonly options: MembershipNewsOptions;
  /** By user: since when they are here. */
  private readonly here = new Map<string, number>();
  /** What is known of a user's place in a room, and when it was learned. */
  private readonly known = new Map<string, { readonly state: string; readonly at: number }>();
  private readonly suspects = new Map<string, { readonly userId: string; readonly roomId: string }>();
  private lookedAt: number;

  constructor(options: MembershipNewsOptions) {
    this.options = options;
    this.lookedAt = options.clock.now();
  }

  came(userId: string): void {
    this.here.set(userId, this.options.clock.now());
  }

  left(userId: string): void {
    this.here.delete(userId);
  }

  /** Takes note of a change that is being told. */
  note({ userId, roomId, state, since }: MembershipChange): void {
    if (!this.here.has(userId)) return;
    const name = nameOf(userId, roomId);
    this.suspects.delete(name);
    this.known.set(name, { state: stateOf(state, since), at: this.options.clock.now() });
  }

  /** Somebody was found in the room who was not known to be, or the other way round. */
  suspect(userId: string, roomId: string): void {
    this.suspects.set(nameOf(userId, roomId), { userId, roomId });
  }

  /** Looks for what was missed. */
  async check(): Promise<void> {
    const { read, clock } = this.options;
    const now = clock.now();
    // The end of a membership may have left no row behind: whoever is suspected of it is looked for.
    const suspects = [...this.suspects.values()];
    this.suspects.clear();
    for (const { userId, roomId } of suspects) {
      await this.compare(userId, roomId, await read.memberships.find(roomId, userId), true);
    }
    const time = this.lookedAt - overlapMilliseconds;
    let after: MembershipRow | null = null;
    for (;;) {
      const rows: MembershipRow[] = await read.memberships.changedSince(time, after, rowsAtOnce);
      for (const row of rows) {
        const cameAt = this.here.get(row.userId);
        // Who came later has read for themselves how they stand.
        if (cameAt !== undefined && row.since >= cameAt)
          await this.compare(row.userId, row.roomId, row, false);
      }
      after = rows.at(-1) ?? null;
      if (rows.length < rowsAtOnce) break;
    }
    this.lookedAt = now;
    for (const [name, { at }] of this.known) if (at < now - rememberedMilliseconds) this.known.delete(name);
  }

  private async compare(
    userId: string,
    roomId: string,
    row: MembershipRow | null,
    isSuspect: boolean,
  ): Promise<void> {
    const { read, isIn, follow, clock } = this.options;
    const state = row?.state ?? 'none';
    const name = nameOf(userId, roomId);
    const isKnown = this.known.get(name)?.state === stateOf(state, row?.since ?? 0);
    if (!this.here.has(userId) || isKnown) return;
    // Of a suspect the hub has taken note already, and nobody has told them.
    const wasMember = isSuspect ? state !== 'member' : isIn(userId, roomId);
    const [room, names] = await Promise.all([read.rooms.byId(roomId), read.users.usernames([userId])]);
    if (room === null) return;
    const pair = await pairOf(read, room);
    // Told of while this was read.
    if (this.known.get(name)?.state === stateOf(state, row?.since ?? 0)) return;
    if (state === 'member' && wasMember) {
      this.known.set(name, { state: stateOf(state, row?.since ?? 0), at: clock.now() });
      return;
    }
    follow({
      roomId,
      roomName: room.name,
      pair,
      roomKind: room.kind,
      userId,
      username: names.get(userId) ?? null,
      state,
      wasMember,
      role: row?.role ?? 'member',
      visibleAfter: row?.visibleAfter ?? 0,
      members: room.members,
      membersVersion: room.membersVersion,
      // What was said since they joined is news to them: what they had read by then is what there was.
      lastSeq: row?.state === 'member' ? Math.max(row.visibleAfter, row.readSeq) : room.lastSeq,
      lastRevision: room.lastRevision,
      reason: row?.reason ?? null,
      since: row?.since ?? 0,
    });
  }
}

function nameOf(userId: string, roomId: string): string {
  return `${userId} ${roomId}`;
}

function stateOf(state: string, since: number): string {
  return `${state} ${since}`;
}
