/** What core asks of durable state for the links that go out by mail. Times are milliseconds since 1970 UTC. */

/** `reset`: sets a new password. `email`: puts a new address in force. */
export type LinkPurpose = 'reset' | 'email';

/** A link that was mailed. Of its token only a keyed hash is known. */
export interface LinkRow {
  readonly tokenHash: Buffer;
  readonly purpose: LinkPurpose;
  /** Null when the account was unknown: the row exists so that both cases look the same. */
  readonly userId: string | null;
  /** The new address, for `email`. */
  readonly email: string | null;
  readonly expiresAt: number;
  /** When it was used, or lost its use; null while it waits. */
  readonly endedAt: number | null;
  /** Until then it is remembered that there was such a link. */
  readonly keptUntil: number;
}

export interface LinkReads {
  /** Also returns what has ended or expired: the caller looks at the times. */
  find(tokenHash: Buffer): Promise<LinkRow | null>;
  /** All that are known of the user's, by when they expire. */
  ofUser(userId: string): Promise<LinkRow[]>;
}

export interface LinkWrites extends LinkReads {
  insert(row: LinkRow): Promise<void>;
  /** One conditional UPDATE: the row for the one caller that uses it, in time, for the first time; else null. */
  use(tokenHash: Buffer, now: number): Promise<LinkRow | null>;
  /** Ends those of the user that wait: of one purpose, or, with null, of all. */
  endOfUser(userId: string, now: number, purpose: LinkPurpose | null): Promise<void>;
  deleteOfUser(userId: string): Promise<void>;
}
