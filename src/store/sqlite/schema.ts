import { sql } from 'drizzle-orm';
import { blob, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

/** The tables. Columns are the members of the rows in `core/store.ts`; times are milliseconds since 1970 UTC. */

const bytes = (name: string) => blob(name, { mode: 'buffer' });

export const users = sqliteTable(
  'users',
  {
    id: text('id').primaryKey(),
    username: text('username'),
    usernameKey: text('username_key'),
    email: text('email'),
    emailKey: text('email_key'),
    role: text('role', { enum: ['user', 'admin', 'guest'] }).notNull(),
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

export const sessions = sqliteTable(
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

export const sessionKeys = sqliteTable(
  'session_keys',
  {
    id: text('id').primaryKey(),
    sessionId: text('session_id')
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    enc: text('enc', { enum: ['A256GCM', 'A256CBC-HS512'] }).notNull(),
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

export const userKeys = sqliteTable(
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

export const codes = sqliteTable(
  'codes',
  {
    purpose: text('purpose', { enum: ['recovery', 'change_email'] }).notNull(),
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

export const mails = sqliteTable(
  'mails',
  {
    id: text('id').primaryKey(),
    kind: text('kind', {
      enum: [
        'recovery_code',
        'password_changed',
        'email_code',
        'email_changing',
        'recovery_link',
        'email_link',
      ],
    }).notNull(),
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

export const guesses = sqliteTable(
  'guesses',
  {
    subject: text('subject').primaryKey(),
    failures: integer('failures').notNull(),
    countedSince: integer('counted_since').notNull(),
    blockedUntil: integer('blocked_until').notNull(),
  },
  (table) => [index('guesses_counted_since').on(table.countedSince)],
);

export const idempotency = sqliteTable(
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

export const facts = sqliteTable('facts', {
  name: text('name').primaryKey(),
  value: bytes('value').notNull(),
});

export const rooms = sqliteTable(
  'rooms',
  {
    id: text('id').primaryKey(),
    name: text('name'),
    nameKey: text('name_key'),
    kind: text('kind', { enum: ['open', 'approval', 'invite', 'direct'] }).notNull(),
    pairKey: text('pair_key'),
    openHistory: integer('open_history', { mode: 'boolean' }).notNull(),
    joinedByAll: integer('joined_by_all', { mode: 'boolean' }).notNull(),
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

export const memberships = sqliteTable(
  'memberships',
  {
    roomId: text('room_id')
      .notNull()
      .references(() => rooms.id, { onDelete: 'cascade' }),
    userId: text('user_id')
      .notNull()
      .references(() => users.id),
    state: text('state', {
      enum: ['member', 'pending', 'invited', 'refused', 'removed', 'banned'],
    }).notNull(),
    role: text('role', { enum: ['owner', 'moderator', 'member'] }).notNull(),
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

export const messages = sqliteTable(
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
    keyVersion: integer('key_version').references(() => dataKeys.version),
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

export const dataKeys = sqliteTable('data_keys', {
  version: integer('version').primaryKey(),
  sealedKey: bytes('sealed_key'),
  createdAt: integer('created_at').notNull(),
  retiredAt: integer('retired_at'),
});

export const bans = sqliteTable(
  'bans',
  {
    id: text('id').primaryKey(),
    kind: text('kind', { enum: ['ban', 'kick'] }).notNull(),
    userId: text('user_id').references(() => users.id),
    range: text('range'),
    reason: text('reason').notNull(),
    createdAt: integer('created_at').notNull(),
    until: integer('until'),
    liftedAt: integer('lifted_at'),
  },
  (table) => [index('bans_lifted').on(table.liftedAt, table.until)],
);

export const audit = sqliteTable('audit', {
  seq: integer('seq').primaryKey(),
  at: integer('at').notNull(),
  actor: text('actor').notNull(),
  action: text('action').notNull(),
  target: text('target').notNull(),
  details: text('details').notNull(),
  previousHash: bytes('previous_hash').notNull(),
  hash: bytes('hash').notNull(),
});

export const seenAddresses = sqliteTable(
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

export const links = sqliteTable(
  'links',
  {
    tokenHash: bytes('token_hash').primaryKey(),
    purpose: text('purpose', { enum: ['reset', 'email'] }).notNull(),
    userId: text('user_id'),
    email: text('email'),
    expiresAt: integer('expires_at').notNull(),
    endedAt: integer('ended_at'),
    keptUntil: integer('kept_until').notNull(),
  },
  (table) => [index('links_user').on(table.userId), index('links_kept_until').on(table.keptUntil)],
);
