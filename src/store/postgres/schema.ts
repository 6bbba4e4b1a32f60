import { sql } from 'drizzle-orm';
import { bigint, boolean, customType, index, pgTable, primaryKey, uniqueIndex } from 'drizzle-orm/pg-core';

/**
 * The tables on PostgreSQL: those of `sqlite/schema.ts`, name for name and column for column, so that the same queries
 * fit both and a row can be carried from one to the other as it is.
 */

/** Ordered by its bytes, as SQLite orders it, whatever the database's own language is. */
const text = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });

const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

/** Times, counters and numbers: whole numbers as large as JavaScript counts exactly. */
const integer = (name: string) => bigint(name, { mode: 'number' });

export const users = pgTable(
  'users',
  {
    id: text('id').primaryKey(),
    username: text('username'),
    usernameKey: text('username_key'),
    email: text('email'),
    emailKey: text('email_key'),
    role: text('role').notNull(),
    passwordSalt: bytes('password_salt').notNull(),
    passwordVerifier: text('password_verifier'),
    createdAt: integer('created_at').notNull(),
    deletedAt: integer('deleted_at'),
    directoryUid: text('directory_uid'),
  },
  (table) => [
    uniqueIndex('users_username_key').on(table.usernameKey),
    uniqueIndex('users_email_key').on(table.emailKey),
    uniqueIndex('users_directory_uid').on(table.directoryUid),
  ],
);

export const sessions = pgTable(
  'sessions',
  {
    id: text('id').primaryKey(),
    userId: text('user_id')
      .notNull()
      .references(() => users.id),
    createdAt: integer('created_at').notNull(),
    lastUsedAt: integer('last_used_at').notNull(),
    endsAt: integer('ends_at').notNull(),
    address: text('address').notNull(),
    client: text('client').notNull(),
  },
  (table) => [
    index('sessions_user').on(table.userId),
    index('sessions_last_used').on(table.lastUsedAt),
    index('sessions_ends').on(table.endsAt),
  ],
);

export const sessionKeys = pgTable(
  'session_keys',
  {
    id: text('id').primaryKey(),
    sessionId: text('session_id')
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    enc: text('enc').notNull(),
    sealedKey: bytes('sealed_key').notNull(),
    createdAt: integer('created_at').notNull(),
    retiresAt: integer('retires_at'),
    windowReserved: integer('window_reserved').notNull(),
    sealsReserved: integer('seals_reserved').notNull(),
  },
  (table) => [
    index('session_keys_session').on(table.sessionId),
    index('session_keys_retires').on(table.retiresAt),
  ],
);

export const userKeys = pgTable(
  'user_keys',
  {
    userId: text('user_id')
      .notNull()
      .references(() => users.id),
    kid: text('kid').notNull(),
    modulus: text('modulus').notNull(),
    sealedPrivateKey: bytes('sealed_private_key'),
    version: integer('version').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.kid] }),
    uniqueIndex('user_keys_version').on(table.userId, table.version),
  ],
);

export const codes = pgTable(
  'codes',
  {
    purpose: text('purpose').notNull(),
    subject: text('subject').notNull(),
    userId: text('user_id'),
    codeHash: bytes('code_hash').notNull(),
    email: text('email'),
    expiresAt: integer('expires_at').notNull(),
    attemptsLeft: integer('attempts_left').notNull(),
    confirmedAt: integer('confirmed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.purpose, table.subject] }),
    index('codes_user').on(table.userId),
    index('codes_expires').on(table.expiresAt),
  ],
);

export const mails = pgTable(
  'mails',
  {
    id: text('id').primaryKey(),
    kind: text('kind').notNull(),
    recipientHash: bytes('recipient_hash').notNull(),
    sealedContent: bytes('sealed_content').notNull(),
    createdAt: integer('created_at').notNull(),
    nextAttemptAt: integer('next_attempt_at').notNull(),
    attempts: integer('attempts').notNull(),
    settledAt: integer('settled_at'),
  },
  (table) => [
    index('mails_recipient').on(table.recipientHash, table.kind, table.createdAt),
    index('mails_due').on(table.settledAt, table.nextAttemptAt),
  ],
);

export const guesses = pgTable(
  'guesses',
  {
    subject: text('subject').primaryKey(),
    failures: integer('failures').notNull(),
    countedSince: integer('counted_since').notNull(),
    blockedUntil: integer('blocked_until').notNull(),
  },
  (table) => [index('guesses_counted_since').on(table.countedSince)],
);

export const idempotency = pgTable(
  'idempotency',
  {
    scope: text('scope').notNull(),
    idem: text('idem').notNull(),
    contentHash: bytes('content_hash').notNull(),
    sealedAnswer: bytes('sealed_answer').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.scope, table.idem] }),
    index('idempotency_created').on(table.createdAt),
  ],
);

export const facts = pgTable('facts', {
  name: text('name').primaryKey(),
  value: bytes('value').notNull(),
});

export const rooms = pgTable(
  'rooms',
  {
    id: text('id').primaryKey(),
    name: text('name'),
    nameKey: text('name_key'),
    kind: text('kind').notNull(),
    pairKey: text('pair_key'),
    openHistory: boolean('open_history').notNull(),
    joinedByAll: boolean('joined_by_all').notNull(),
    lastSeq: integer('last_seq').notNull(),
    lastRevision: integer('last_revision').notNull(),
    members: integer('members').notNull(),
    membersVersion: integer('members_version').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [
    uniqueIndex('rooms_name_key').on(table.nameKey),
    uniqueIndex('rooms_pair_key').on(table.pairKey),
    index('rooms_kind').on(table.kind),
  ],
);

export const memberships = pgTable(
  'memberships',
  {
    roomId: text('room_id')
      .notNull()
      .references(() => rooms.id, { onDelete: 'cascade' }),
    userId: text('user_id')
      .notNull()
      .references(() => users.id),
    state: text('state').notNull(),
    role: text('role').notNull(),
    visibleAfter: integer('visible_after').notNull(),
    readSeq: integer('read_seq').notNull(),
    since: integer('since').notNull(),
    reason: text('reason'),
    until: integer('until'),
  },
  (table) => [
    primaryKey({ columns: [table.roomId, table.userId] }),
    index('memberships_user').on(table.userId),
    index('memberships_since').on(table.since),
    index('memberships_role').on(table.roomId, table.role, table.since),
  ],
);

export const messages = pgTable(
  'messages',
  {
    roomId: text('room_id')
      .notNull()
      .references(() => rooms.id),
    seq: integer('seq').notNull(),
    senderId: text('sender_id')
      .notNull()
      .references(() => users.id),
    sealedBody: bytes('sealed_body'),
    // Without a reference: every message of every room would lock the same row. Key rotation runs alone instead.
    keyVersion: integer('key_version'),
    sentAt: integer('sent_at').notNull(),
    editedAt: integer('edited_at'),
    deletedAt: integer('deleted_at'),
    revision: integer('revision').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.roomId, table.seq] }),
    index('messages_sender').on(table.senderId, table.roomId, table.seq),
    index('messages_key_version').on(table.keyVersion),
    index('messages_sent').on(table.sentAt),
    index('messages_revision')
      .on(table.roomId, table.revision)
      .where(sql`${table.revision} > 0`),
  ],
);

export const dataKeys = pgTable('data_keys', {
  version: integer('version').primaryKey(),
  sealedKey: bytes('sealed_key'),
  createdAt: integer('created_at').notNull(),
  retiredAt: integer('retired_at'),
});

export const bans = pgTable(
  'bans',
  {
    id: text('id').primaryKey(),
    kind: text('kind').notNull(),
    userId: text('user_id').references(() => users.id),
    range: text('range'),
    reason: text('reason').notNull(),
    createdAt: integer('created_at').notNull(),
    until: integer('until'),
    liftedAt: integer('lifted_at'),
  },
  (table) => [index('bans_lifted').on(table.liftedAt, table.until)],
);

export const audit = pgTable('audit', {
  seq: integer('seq').primaryKey(),
  at: integer('at').notNull(),
  actor: text('actor').notNull(),
  action: text('action').notNull(),
  target: text('target').notNull(),
  details: text('details').notNull(),
  previousHash: bytes('previous_hash').notNull(),
  hash: bytes('hash').notNull(),
});

export const seenAddresses = pgTable(
  'seen_addresses',
  {
    userId: text('user_id')
      .notNull()
      .references(() => users.id),
    address: text('address').notNull(),
    addressKey: bytes('address_key').notNull(),
    seenAt: integer('seen_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.addressKey] }),
    index('seen_addresses_key').on(table.addressKey, table.seenAt),
    index('seen_addresses_seen').on(table.seenAt),
  ],
);

export const links = pgTable(
  'links',
  {
    tokenHash: bytes('token_hash').primaryKey(),
    purpose: text('purpose').notNull(),
    userId: text('user_id'),
    email: text('email'),
    expiresAt: integer('expires_at').notNull(),
    endedAt: integer('ended_at'),
    keptUntil: integer('kept_until').notNull(),
  },
  (table) => [index('links_user').on(table.userId), index('links_kept_until').on(table.keptUntil)],
);
