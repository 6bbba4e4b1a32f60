/** What core asks of durable state for moderation. Times are milliseconds since 1970 UTC. */

/** A ban keeps out for good or until it ends; a kick always has an end. */
export type BanKind = 'ban' | 'kick';

export interface BanRow {
  readonly id: string;
  readonly kind: BanKind;
  /** Whom it keeps out; null when it is for addresses. */
  readonly userId: string | null;
  /** An address or a range in CIDR form, canonical; null when it is for a user. */
  readonly range: string | null;
  readonly reason: string;
  readonly createdAt: number;
  readonly until: number | null;
  readonly liftedAt: number | null;
}

/** One entry of the audit log. Each carries the hash of the one before, so that none can be changed or taken out. */
export interface AuditRow {
  /** 1, 2, 3, … */
  readonly seq: number;
  readonly at: number;
  /** `console`, or the id of a user. */
  readonly actor: string;
  readonly action: string;
  /** Whom or what it was done to, for people. */
  readonly target: string;
  /** JSON: whatever else is worth knowing, and what takes it back. */
  readonly details: string;
  readonly previousHash: Buffer;
  readonly hash: Buffer;
}

/** Where a user was last seen. */
export interface SeenAddressRow {
  readonly userId: string;
  readonly address: string;
  /** 16 bytes that sort like addresses do; an IPv4 address in its mapped form. */
  readonly addressKey: Buffer;
  readonly seenAt: number;
}

export interface BanReads {
  /** Those that are neither lifted nor over. */
  inForce(now: number): Promise<BanRow[]>;
  find(id: string): Promise<BanRow | null>;
}

export interface BanWrites extends BanReads {
  insert(row: BanRow): Promise<void>;
  setLifted(id: string, liftedAt: number | null): Promise<void>;
}

export interface AuditReads {
  last(): Promise<AuditRow | null>;
  /** Ascending, after the number given. */
  after(seq: number, limit: number): Promise<AuditRow[]>;
  /** Descending, before the number given. */
  before(seq: number, limit: number): Promise<AuditRow[]>;
}

export interface AuditWrites extends AuditReads {
  append(row: AuditRow): Promise<void>;
}

export interface SeenAddressReads {
  /** The latest first. */
  ofUser(userId: string): Promise<SeenAddressRow[]>;
  /** Names of the users seen at an address from `first` to `last` since the time, the latest first. */
  usersBetween(first: Buffer, last: Buffer, since: number, limit: number): Promise<string[]>;
}

export interface SeenAddressWrites extends SeenAddressReads {
  put(row: SeenAddressRow): Promise<void>;
  deleteOfUser(userId: string): Promise<void>;
}
