/**
 * What core asks of durable state. Nothing here knows SQLite or PostgreSQL: `src/store/` implements it.
 *
 * Reading happens through a `Reader`, at any time. Writing happens only inside a named transaction function
 * (see `core/transactions.ts`): it gets a `Transaction`, either all of what it wrote is committed or nothing is,
 * and the promise that `Store.transact` returned is fulfilled only after the commit has reached the disk
 * (DESIGN.md "Rules that hold everywhere", 1). Transaction functions are run by name because on SQLite they run
 * in another thread than the caller's.
 *
 * Times are milliseconds since 1970 UTC. Ids are base64url strings.
 */
import type { ContentEncryption } from '../crypto/content-encryption.ts';
import type { LinkReads, LinkWrites } from './link-store.ts';
import type {
  AuditReads,
  AuditWrites,
  BanReads,
  BanWrites,
  SeenAddressReads,
  SeenAddressWrites,
} from './moderation-store.ts';
import type {
  DataKeyReads,
  DataKeyWrites,
  MembershipReads,
  MembershipWrites,
  MessageReads,
  MessageWrites,
  RoomReads,
  RoomWrites,
} from './room-store.ts';

/** A guest has no password and holds a name only while connected. */
export type Role = 'user' | 'admin' | 'guest';

export interface UserRow {
  readonly id: string;
  /** As the user wrote it, NFKC. Null once the account is deleted. */
  readonly username: string | null;
  /** Case-folded form, unique. Null once the account is deleted. */
  readonly usernameKey: string | null;
  readonly email: string | null;
  readonly emailKey: string | null;
  readonly role: Role;
  /** 32 bytes (GATEWAYS.md "One password, every door"). */
  readonly passwordSalt: Buffer;
  /** Argon2id in PHC form over the pre-hash; null when no password can open the account. */
  readonly passwordVerifier: string | null;
  readonly createdAt: number;
  readonly deletedAt: number | null;
  /**
   * The folded name under which a directory outside knows the user and checks their password; unique. It stays when the
   * username changes. Null for everybody whose password is checked here.
   */
  readonly directoryUid: string | null;
}

/** One place where a user is logged in. It outlives rotations of its session key. */
export interface SessionRow {
  readonly id: string;
  readonly userId: string;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  /** The absolute end, whatever is done in between. */
  readonly endsAt: number;
  /** Canonical address at login. */
  readonly address: string;
  /** What the client calls itself (its User-Agent), shortened and cleaned. */
  readonly client: string;
}

/** One session key of a session: more than one only while a rotation is in flight. */
export interface SessionKeyRow {
  /** The public name, `session_key` on the wire. */
  readonly id: string;
  readonly sessionId: string;
  readonly enc: ContentEncryption;
  /** The AES key, sealed at rest. */
  readonly sealedKey: Buffer;
  readonly createdAt: number;
  /** Set when a newer key has taken over. */
  readonly retiresAt: number | null;
  /** No sequence number above this one was ever accepted: after a restart all up to it count as seen. */
  readonly windowReserved: number;
  /** At most this many payloads were sealed under the key. */
  readonly sealsReserved: number;
}

export interface UserKeyRow {
  readonly userId: string;
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string;
  /** base64url modulus; the exponent is always 65537. */
  readonly modulus: string;
  /** PKCS#8 DER sealed at rest; null when only the user holds the private half. */
  readonly sealedPrivateKey: Buffer | null;
  /** 1, 2, 3, … for each user. */
  readonly version: number;
  readonly createdAt: number;
}

export type CodePurpose = 'recovery' | 'change_email';

/** A code that was mailed and waits to be typed in. One for each purpose and subject. */
export interface CodeRow {
  readonly purpose: CodePurpose;
  /** The session id (recovery) or user id (change of address) the code is bound to. */
  readonly subject: string;
  /** Null when the address was unknown: the row exists so that both cases look the same. */
  readonly userId: string | null;
  readonly codeHash: Buffer;
  /** The new address, for `change_email`. */
  readonly email: string | null;
  readonly expiresAt: number;
  readonly attemptsLeft: number;
  readonly confirmedAt: number | null;
}

export type MailKind =
  'recovery_code' | 'password_changed' | 'email_code' | 'email_changing' | 'recovery_link' | 'email_link';

/** A mail that waits to be accepted by the mail server, or did so lately (kept an hour, for the count). */
export interface MailRow {
  readonly id: string;
  readonly kind: MailKind;
  /** Keyed hash of the address, to count by. */
  readonly recipientHash: Buffer;
  /** Address and text parameters, sealed at rest. */
  readonly sealedContent: Buffer;
  readonly createdAt: number;
  readonly nextAttemptAt: number;
  readonly attempts: number;
  /** When it was accepted, dropped or given up; null while it waits. */
  readonly settledAt: number | null;
}

/** Failed guesses for one subject: an account, an address, or everything. */
export interface GuessRow {
  /** Keyed hash naming the subject. */
  readonly subject: string;
  readonly failures: number;
  /** When the first of them was counted: a while after it all are forgotten. */
  readonly countedSince: number;
  /** No guess is looked at before this time. */
  readonly blockedUntil: number;
}

export interface IdempotencyRow {
  /** `user:<id>` or `session:<id>`. */
  readonly scope: string;
  readonly idem: string;
  /** Keyed hash of path and content. */
  readonly contentHash: Buffer;
  /** The answer, sealed at rest. */
  readonly sealedAnswer: Buffer;
  readonly createdAt: number;
}

export interface UserReads {
  byId(id: string): Promise<UserRow | null>;
  byUsernameKey(usernameKey: string): Promise<UserRow | null>;
  byEmailKey(emailKey: string): Promise<UserRow | null>;
  byDirectoryUid(directoryUid: string): Promise<UserRow | null>;
  /** Those that are not deleted, in order of their folded names, after the one given. */
  afterUsernameKey(usernameKey: string, limit: number): Promise<UserRow[]>;
  /** Guests that hold a name. */
  guests(limit: number): Promise<UserRow[]>;
  /** Names by id, of those of the users named that are not deleted. */
  usernames(ids: readonly string[]): Promise<Map<string, string>>;
  /** Those that are not deleted and no guests, in order of their folded names. */
  registered(limit: number): Promise<{ id: string; username: string; usernameKey: string }[]>;
}

export interface UserWrites extends UserReads {
  /** @throws UniqueConflict */
  insert(row: UserRow): Promise<void>;
  /** Changes the named columns only. @throws UniqueConflict */
  update(id: string, changes: Partial<Omit<UserRow, 'id'>>): Promise<void>;
}

/** A session key with the session it belongs to. */
export interface StoredSession {
  readonly key: SessionKeyRow;
  readonly session: SessionRow;
}

export interface SessionReads {
  byId(id: string): Promise<SessionRow | null>;
  /** Also returns what has expired but was not cleaned up yet: the caller looks at the times. */
  byKeyId(keyId: string): Promise<StoredSession | null>;
  /** The same for several at once, in any order; without those that are not there. */
  byKeyIds(keyIds: readonly string[]): Promise<StoredSession[]>;
  /** Most recently used first. */
  ofUser(userId: string): Promise<SessionRow[]>;
}

export interface SessionWrites extends SessionReads {
  insert(row: SessionRow): Promise<void>;
  insertKey(row: SessionKeyRow): Promise<void>;
  /** Points the session at another user (logging in again in the same session). */
  changeUser(id: string, userId: string): Promise<void>;
  retireKey(keyId: string, retiresAt: number): Promise<void>;
  /** Raises the reserved numbers; never lowers them. False when the key is gone. */
  reserve(keyId: string, windowReserved: number, sealsReserved: number): Promise<boolean>;
  /** Raises `lastUsedAt`; never lowers it. */
  touch(id: string, lastUsedAt: number): Promise<void>;
  /** Ends the session with all its keys. False when there was none. */
  delete(id: string): Promise<boolean>;
  /** Ends every session of the user but the one named, with their keys. */
  deleteOfUser(userId: string, exceptId?: string): Promise<void>;
}

export interface UserKeyReads {
  /** Newest first. */
  ofUser(userId: string): Promise<UserKeyRow[]>;
  byKid(userId: string, kid: string): Promise<UserKeyRow | null>;
  /** Users (not deleted) that have no key at all, oldest first. */
  usersWithoutKey(limit: number): Promise<string[]>;
}

export interface UserKeyWrites extends UserKeyReads {
  insert(row: UserKeyRow): Promise<void>;
  deleteOfUser(userId: string): Promise<void>;
}

export interface CodeReads {
  find(purpose: CodePurpose, subject: string): Promise<CodeRow | null>;
}

export interface CodeWrites extends CodeReads {
  /** Replaces the one that was there. */
  put(row: CodeRow): Promise<void>;
  /**
   * Counts a guess before it is compared: one conditional UPDATE that finds only a row that is not confirmed,
   * not expired and has attempts left. Returns the row after it, or null.
   */
  spendAttempt(purpose: CodePurpose, subject: string, now: number): Promise<CodeRow | null>;
  /** One conditional UPDATE: true for the one caller that confirms exactly this code, in time, for the first time. */
  confirm(
    purpose: CodePurpose,
    subject: string,
    codeHash: Buffer,
    now: number,
    expiresAt: number,
  ): Promise<boolean>;
  /** One conditional DELETE: the confirmed, unexpired row for the one caller that uses it up; else null. */
  takeConfirmed(purpose: CodePurpose, subject: string, now: number): Promise<CodeRow | null>;
  deleteOfUser(userId: string): Promise<void>;
}

export interface MailReads {
  /** Mails that wait and whose time has come, oldest attempt time first. */
  due(now: number, limit: number): Promise<MailRow[]>;
  /** The time of the next attempt of any waiting mail, or null. */
  nextAttemptAt(): Promise<number | null>;
  /** How many mails wait, due or not. */
  waiting(): Promise<number>;
  /** How many mails of the kind were queued for the address at or after `since`. */
  countSince(kind: MailKind, recipientHash: Buffer, since: number): Promise<number>;
}

export interface MailWrites extends MailReads {
  insert(row: MailRow): Promise<void>;
  postpone(id: string, attempts: number, nextAttemptAt: number): Promise<void>;
  /**
   * Keeps a mail that waits, whose time has come, from being taken again until `until`: one conditional UPDATE, true
   * for the one who gets it.
   */
  lease(id: string, now: number, until: number): Promise<boolean>;
  /** No more attempts; the content is wiped, the row stays to be counted until it is cleaned up. */
  settle(id: string, settledAt: number): Promise<void>;
}

export interface GuessReads {
  find(subject: string): Promise<GuessRow | null>;
}

export interface GuessWrites extends GuessReads {
  put(row: GuessRow): Promise<void>;
  delete(subject: string): Promise<void>;
}

export interface IdempotencyReads {
  find(scope: string, idem: string): Promise<IdempotencyRow | null>;
}

export interface IdempotencyWrites extends IdempotencyReads {
  insert(row: IdempotencyRow): Promise<void>;
  delete(scope: string, idem: string): Promise<void>;
  deleteOfScope(scope: string): Promise<void>;
}

/** Small facts about the database itself. */
export interface FactReads {
  find(name: string): Promise<Buffer | null>;
}

export interface FactWrites extends FactReads {
  put(name: string, value: Buffer): Promise<void>;
}

/** Reads see everything that was committed before they were called. */
export interface Reader {
  readonly users: UserReads;
  readonly sessions: SessionReads;
  readonly userKeys: UserKeyReads;
  readonly codes: CodeReads;
  readonly mails: MailReads;
  readonly guesses: GuessReads;
  readonly idempotency: IdempotencyReads;
  readonly facts: FactReads;
  readonly rooms: RoomReads;
  readonly memberships: MembershipReads;
  readonly messages: MessageReads;
  readonly dataKeys: DataKeyReads;
  readonly bans: BanReads;
  readonly audit: AuditReads;
  readonly seenAddresses: SeenAddressReads;
  readonly links: LinkReads;
}

/** What has expired by when, for the clean-up. */
export interface Expiry {
  readonly now: number;
  /** Sessions not used since this time have idled out. */
  readonly sessionsUsedBefore: number;
  readonly idempotencyBefore: number;
  readonly mailsSettledBefore: number;
  readonly guessesBefore: number;
  /** Addresses where nobody was seen since this time. */
  readonly addressesSeenBefore: number;
}

/** Inside a transaction: reads see the transaction's own writes. */
export interface Transaction extends Reader {
  readonly users: UserWrites;
  readonly sessions: SessionWrites;
  readonly userKeys: UserKeyWrites;
  readonly codes: CodeWrites;
  readonly mails: MailWrites;
  readonly guesses: GuessWrites;
  readonly idempotency: IdempotencyWrites;
  readonly facts: FactWrites;
  readonly rooms: RoomWrites;
  readonly memberships: MembershipWrites;
  readonly messages: MessageWrites;
  readonly dataKeys: DataKeyWrites;
  readonly bans: BanWrites;
  readonly audit: AuditWrites;
  readonly seenAddresses: SeenAddressWrites;
  readonly links: LinkWrites;
  /**
   * Says that this call must not run beside another that claims one of the same subjects (`transaction-subjects.ts`).
   * Called after reading what tells the subjects, and before anything that is read is relied on: where the call does not
   * hold them yet, all of it is undone and it runs again, holding them.
   */
  claim(subjects: readonly string[]): Promise<void>;
  /** Deletes at most `limit` expired rows of each kind and returns how many went. */
  deleteExpired(expiry: Expiry, limit: number): Promise<number>;
}

/** A transaction function. It awaits nothing but methods of its transaction. */
export type TransactionFunction<Input = never, Output = unknown> = (
  transaction: Transaction,
  input: Input,
) => Promise<Output>;

/** Functions by name; the names are what `Store.transact` takes. */
export type TransactionFunctions = Record<string, TransactionFunction>;

/** What the function takes beside its transaction. */
export type InputOf<F> = F extends (transaction: Transaction, input: infer Input) => unknown ? Input : never;
type OutputOf<F> = F extends (...parameters: never[]) => Promise<infer Output> ? Output : never;

/** Durable state, for a given set of transaction functions. */
export interface Store<Functions> {
  readonly read: Reader;
  /**
   * Runs the named function in a transaction of its own and resolves after the commit. Input and output must be
   * structured-cloneable. What the function throws undoes all it did: a Refusal or UniqueConflict arrives as
   * such; anything else arrives as a StoreFailure.
   */
  transact<Name extends keyof Functions & string>(
    name: Name,
    input: InputOf<Functions[Name]>,
  ): Promise<OutputOf<Functions[Name]>>;
  /** Resolves when a trivial write can be committed, rejects when not. */
  check(): Promise<void>;
  /** Finishes what was handed in, checkpoints and closes. */
  close(): Promise<void>;
}

/** Another row has this value already. */
export class UniqueConflict extends Error {
  readonly field: 'username' | 'email' | 'room' | 'other';

  constructor(field: 'username' | 'email' | 'room' | 'other', cause?: unknown) {
    super(`unique conflict: ${field}`, cause === undefined ? undefined : { cause });
    this.name = 'UniqueConflict';
    this.field = field;
  }
}

/** The store could not do what it was asked: disk full, file damaged, a bug. Nothing of it was done. */
export class StoreFailure extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StoreFailure';
  }
}
