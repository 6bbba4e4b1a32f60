import type { Clock } from '../clock.ts';
import type { Reader, SessionRow, UserRow } from '../store.ts';

/** What `/me` shows, as it stands in the store. */
export interface Profile {
  readonly user: UserRow;
  readonly keyIds: readonly string[];
  readonly sessions: readonly SessionRow[];
}

/** For how long a profile is shown that another node may have changed. */
const freshMilliseconds = 1_500;

/**
 * Profiles that were read lately. Whoever commits a change to a user, their keys or their sessions says
 * `forget`; a read that began before it is then not kept. Where other nodes may change them as well, what was read a
 * while ago is read again.
 */
export class ProfileCache {
  private readonly read: Reader;
  private readonly capacity: number;
  private readonly clock: Clock | null;
  private readonly profiles = new Map<string, { readonly profile: Profile; readonly readAt: number }>();
  private readonly loading = new Map<string, symbol>();
  private readonly onForget: (userId: string) => void;

  /**
   * @param options.capacity profiles kept at most; the one read longest ago goes first. Default 10,000
   * @param options.onForget tells the other nodes, where there are any
   * @param options.agingBy where there are other nodes: the clock by which profiles grow old
   */
  constructor(options: {
    read: Reader;
    capacity?: number;
    onForget?: (userId: string) => void;
    agingBy?: Clock;
  }) {
    this.onForget = options.onForget ?? (() => {});
    this.read = options.read;
    this.clock = options.agingBy ?? null;
    this.capacity = options.capacity ?? 10_000;
  }

  /** The user's profile, or null for an unknown or deleted one. Answers at once when it is held. */
  get(userId: string): Profile | Promise<Profile | null> {
    const held = this.profiles.get(userId);
    return held === undefined || this.isOld(held.readAt) ? this.load(userId) : held.profile;
  }

  /** Forgets the user's profile. */
  forget(userId: string): void {
    this.drop(userId);
    this.onForget(userId);
  }

  /** Forgets a profile that another node has changed. */
  drop(userId: string): void {
    this.profiles.delete(userId);
    this.loading.delete(userId);
  }

  /** Forgets all, where it is not known whose have changed. */
  dropAll(): void {
    this.profiles.clear();
    this.loading.clear();
  }

  private isOld(readAt: number): boolean {
    return this.clock !== null && Math.abs(this.clock.now() - readAt) >= freshMilliseconds;
  }

  private async load(userId: string): Promise<Profile | null> {
    const mark = Symbol('load');
    const readAt = this.clock?.now() ?? 0;
    this.loading.set(userId, mark);
    try {
      const user = await this.read.users.byId(userId);
      if (user === null || user.deletedAt !== null) return null;
      const [userKeys, sessions] = await Promise.all([
        this.read.userKeys.ofUser(userId),
        this.read.sessions.ofUser(userId),
      ]);
      const profile = { user, keyIds: userKeys.map(({ kid }) => kid), sessions };
      if (this.loading.get(userId) === mark) this.keep(userId, { profile, readAt });
      return profile;
    } finally {
      if (this.loading.get(userId) === mark) this.loading.delete(userId);
    }
  }

  private keep(userId: string, held: { profile: Profile; readAt: number }): void {
    // Put last, as the one read last.
    this.profiles.delete(userId);
    this.profiles.set(userId, held);
    if (this.profiles.size <= this.capacity) return;
    for (const oldest of this.profiles.keys()) {
      this.profiles.delete(oldest);
      return;
    }
  }
}
