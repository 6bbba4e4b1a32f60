/** A key of a session as all nodes know it. */
export interface SharedKey {
  /** Grows with every change of what the key opens. */
  readonly version: number;
  /** The key and its session, sealed, while nobody has logged in to it; else null: it is in the store. */
  readonly anonymous: Buffer | null;
  readonly retiresAt: number | null;
}

/** What became of a sequence number. */
export type Acceptance =
  | {
      readonly kind: 'accepted' | 'replayed';
      readonly version: number;
      /** The highest number accepted so far. */
      readonly highest: number;
      /** Payloads sealed under the key so far, on all nodes. */
      readonly seals: number;
    }
  /** The key opens nothing: it ended, it was never known here, or what was known of it is lost. */
  | { readonly kind: 'void' };

/** Whose session it is, for who ends all sessions of a user. */
export interface SessionPlace {
  readonly sessionId: string;
  readonly userId: string;
  readonly endsAt: number;
}

/**
 * What several nodes know together of the keys in use: the replay window of each, and that something about it changed.
 *
 * A key whose window is lost is void, wherever it is stored besides: whoever forgets costs a client a new session, never
 * an accepted replay. All of it may refuse with `busy` while it cannot be asked; what was asked may then have been done.
 */
export interface SharedSessions {
  /** Makes a new key known, with an untouched window. */
  open(key: {
    readonly id: string;
    readonly anonymous: Buffer | null;
    readonly place: SessionPlace | null;
    readonly idle: number;
  }): Promise<void>;

  /** What is known of the key; null when it is void. */
  read(keyId: string): Promise<SharedKey | null>;

  /**
   * In one step: tests the number, marks it, counts seals, and puts the idle end off, unless it was a replay.
   *
   * @param options.seals payloads that are sealed for it
   * @param options.idle milliseconds without use after which the key is void
   */
  accept(keyId: string, seq: number, options: { seals: number; idle: number }): Promise<Acceptance>;

  /** Counts payloads that will be sealed without a number, and puts the idle end off. False when the key is void. */
  countSeals(keyId: string, options: { seals: number; idle: number }): Promise<boolean>;

  /** Makes the keys a user's, whose session is in the store. */
  logIn(
    keyIds: readonly string[],
    place: SessionPlace,
    options: { previousUserId: string | null; idle: number; now: number },
  ): Promise<void>;

  /** Lets the key end at that time, whatever is done with it until then. */
  retire(keyId: string, retiresAt: number): Promise<void>;

  /** Makes the keys void. */
  end(keyIds: readonly string[]): Promise<void>;

  /** Makes void the keys of the user's sessions that are chosen, wherever they are in use. */
  endOfUser(userId: string, chosen: (sessionId: string) => boolean): Promise<void>;
}
