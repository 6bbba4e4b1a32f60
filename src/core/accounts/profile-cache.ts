import type { Reader, SessionRow, UserRow } from '../store.ts';

/** What `/me` shows, as it stands in the store. */
export interface Profile {
  readonly user: UserRow;
  readonly keyIds: readonly string[];
  readonly sessions: readonly SessionRow[];
}

/**
 * Profiles that were read lately. Whoever commits a change to a user, their keys or their sessions says
 * `forget`; a read that began before it is then not kept.
 */
export class ProfileCache {
  private readonly read: Reader;
  private readonly capacity: number;
  private readonly profiles = new Map<string, Profile>();
  private readonly loading = new Map<string, symbol>();

  /** @param options.capacity profiles kept at most; the one read longest ago goes first. Default 10,000 */
  constructor(options: { read: Reader; capacity?: number }) {
    this.read = options.read;
    this.capacity = options.capacity ?? 10_000;
  }

  /** The user's profile, or null for an unknown or deleted one. Answers at once when it is held. */
  get(userId: string): Profile | Promise<Profile | null> {
    return this.profiles.get(userId) ?? this.load(userId);
  }

  /** Forgets the user's profile. */
  forget(userId: string): void {
    this.profiles.delete(userId);
    this.loading.delete(userId);
  }

  private async load(userId: string): Promise<Profile | null> {
    const mark = Symbol('load');
    this.loading.set(userId, mark);
    try {
      const user = await this.read.users.byId(userId);
      if (user === null || user.deletedAt !== null) return null;
      const [userKeys, sessions] = await Promise.all([
        this.read.userKeys.ofUser(userId),
        this.read.sessions.ofUser(userId),
      ]);
      const profile = { user, keyIds: userKeys.map(({ kid }) => kid), sessions };
      if (this.loading.get(userId) === mark) this.keep(userId, profile);
      return profile;
    } finally {
      if (this.loading.get(userId) === mark) this.loading.delete(userId);
    }
  }

  private keep(userId: string, profile: Profile): void {
    this.profiles.set(userId, profile);
    if (this.profiles.size <= this.capacity) return;
    for (const oldest of this.profiles.keys()) {
      this.profiles.delete(oldest);
      return;
    }
  }
}
