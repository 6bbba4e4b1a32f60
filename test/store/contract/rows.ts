import type {
  CodeRow,
  MailRow,
  SessionKeyRow,
  SessionRow,
  UserKeyRow,
  UserRow,
} from '../../../src/core/store.ts';

/** Rows to start from; each test changes what it is about, under ids of its own. */

export function userRow(id: string, changes: Partial<UserRow> = {}): UserRow {
  return {
    id,
    username: id.toUpperCase(),
    usernameKey: id,
    email: `${id.toUpperCase()}@example.org`,
    emailKey: `${id}@example.org`,
    role: 'user',
    passwordSalt: Buffer.alloc(32, id),
    passwordVerifier: 'phc',
    createdAt: 1_700_000_000_123,
    deletedAt: null,
    directoryUid: null,
    ...changes,
  };
}

export function sessionRow(id: string, userId: string, changes: Partial<SessionRow> = {}): SessionRow {
  return {
    id,
    userId,
    createdAt: 10,
    lastUsedAt: 10_000,
    endsAt: 20_000,
    address: '192.0.2.1',
    client: 'curl/8',
    ...changes,
  };
}

export function sessionKeyRow(
  id: string,
  sessionId: string,
  changes: Partial<SessionKeyRow> = {},
): SessionKeyRow {
  return {
    id,
    sessionId,
    enc: 'A256GCM',
    sealedKey: Buffer.from(`sealed ${id}`),
    createdAt: 10,
    retiresAt: null,
    windowReserved: 7,
    sealsReserved: 8,
    ...changes,
  };
}

export function userKeyRow(userId: string, version: number, changes: Partial<UserKeyRow> = {}): UserKeyRow {
  return {
    userId,
    kid: `kid-${version}`,
    modulus: 'AQAB',
    sealedPrivateKey: Buffer.from('sealed'),
    version,
    createdAt: version,
    ...changes,
  };
}

export function codeRow(subject: string, changes: Partial<CodeRow> = {}): CodeRow {
  return {
    purpose: 'recovery',
    subject,
    userId: 'somebody',
    codeHash: Buffer.from('right'),
    email: null,
    expiresAt: 10_000,
    attemptsLeft: 5,
    confirmedAt: null,
    ...changes,
  };
}

export function mailRow(id: string, changes: Partial<MailRow> = {}): MailRow {
  return {
    id,
    kind: 'recovery_code',
    recipientHash: Buffer.from('recipient'),
    sealedContent: Buffer.from('sealed'),
    createdAt: 10,
    nextAttemptAt: 20,
    attempts: 0,
    settledAt: null,
    ...changes,
  };
}
