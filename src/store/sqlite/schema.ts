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
    role: text('role', { enum: ['user', 'admin'] }).notNull(),
    passwordSalt: bytes('password_salt').notNull(),
    passwordVerifier: text('password_verifier'),
    createdAt: integer('created_at').notNull(),
    deletedAt: integer('deleted_at'),
  },
  (table) => [
    uniqueIndex('users_username_key').on(table.usernameKey),
    uniqueIndex('users_email_key').on(table.emailKey),
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
      enum: ['recovery_code', 'password_changed', 'email_code', 'email_changing'],
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
