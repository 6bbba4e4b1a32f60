import { createPrivateKey } from 'node:crypto';
import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import type { MembershipRow, MessageRow, RoomRow } from '../room-store.ts';
import type { DataKeys } from '../rooms/data-keys.ts';
import type { Reader, UserKeyRow } from '../store.ts';
import { userKeyIdentity } from '../user-keys/key-supply.ts';
import { type Account, accountOf } from './account.ts';
import { type PasswordCheckDependencies, confirmPassword } from './check-password.ts';
import type { SessionView } from './me.ts';

/** Everything kept about a user. Times are milliseconds since 1970. */
export interface AccountExport {
  readonly user: Account;
  readonly sessions: readonly SessionView[];
  readonly keys: readonly {
    readonly kid: string;
    readonly createdAt: number;
    readonly modulus: string;
    /** PEM PKCS#8; null where only the user holds it. */
    readonly privateKey: string | null;
  }[];
  /** A change of address that waits for its code. */
  readonly pendingEmail: string | null;
  /** Addresses to which a link was mailed that puts them in force, as long as that is remembered. */
  readonly emailLinks: readonly {
    readonly email: string;
    readonly expiresAt: number;
    /** When it was opened, or another one took its place; null while it waits. */
    readonly endedAt: number | null;
  }[];
  /** Where the user was seen in the last week. */
  readonly addresses: readonly { readonly address: string; readonly seenAt: number }[];
  readonly rooms: readonly { readonly room: RoomRow; readonly membership: MembershipRow }[];
  /** What the user has sent, in order of room and number. */
  readonly messages: readonly OwnMessage[];
  /** The place of the last message, when there are more after it. */
  readonly next: MessagePlace | null;
}

/** A message as its sender gets it back. */
export interface OwnMessage extends MessagePlace {
  /** Null once deleted. */
  readonly text: string | null;
  readonly sentAt: number;
  readonly editedAt: number | null;
  readonly deletedAt: number | null;
}

/** A message's room and number. */
export interface MessagePlace {
  readonly roomId: string;
  readonly seq: number;
}

/** Most messages in one answer, and most text, in UTF-16 units. */
const maxMessages = 2_000;
const maxText = 2 * 1024 * 1024;

/**
 * Everything kept about the user; messages a part at a time, after the place given.
 *
 * @throws Refusal `wrong_credentials`, `rate_limited`
 */
export function exportAccount(dependencies: PasswordCheckDependencies & { dataKeys: DataKeys }) {
  const { store, clock, keys, dataKeys } = dependencies;
  const confirm = confirmPassword(dependencies);
  return async (caller: Caller, password: string, place: MessagePlace | null): Promise<AccountExport> => {
    const userId = userIdOf(caller);
    const { passwordVerifier: verifier } = await confirm(userId, caller.address, password);
    const rows = await store.transact('exportAccount', {
      now: clock.now(),
      claim: null,
      userId,
      verifier,
      after: place ?? { roomId: '', seq: 0 },
      limit: maxMessages,
    });
    const messages = await openMessages(store.read, dataKeys, rows.messages);
    return {
      user: accountOf(rows.user),
      sessions: rows.sessions.map((session) => ({
        sessionId: session.id,
        address: session.address,
        client: session.client,
        createdAt: session.createdAt,
        lastUsedAt: session.lastUsedAt,
        current: session.id === caller.sessionId,
      })),
      keys: rows.userKeys.map((row) => ({
        kid: row.kid,
        createdAt: row.createdAt,
        modulus: row.modulus,
        privateKey: privateKeyPem(keys, row),
      })),
      pendingEmail: rows.emailChange?.email ?? null,
      emailLinks: rows.links.flatMap(({ email, expiresAt, endedAt }) =>
        email === null ? [] : [{ email, expiresAt, endedAt }],
      ),
      addresses: rows.addresses,
      rooms: rows.rooms,
      messages,
      next: messages.length < rows.messages.length ? (messages.at(-1) ?? null) : null,
    };
  };
}

async function openMessages(
  read: Reader,
  dataKeys: DataKeys,
  rows: readonly MessageRow[],
): Promise<OwnMessage[]> {
  const messages: OwnMessage[] = [];
  let length = 0;
  for (const row of rows.slice(0, maxMessages)) {
    const { message, text } = await dataKeys.readAndOpen(read, row);
    length += text?.length ?? 0;
    if (length > maxText && messages.length > 0) break;
    const { roomId, seq, sentAt, editedAt, deletedAt } = message;
    messages.push({ roomId, seq, text, sentAt, editedAt, deletedAt });
  }
  return messages;
}

function privateKeyPem(keys: AtRestKeys, row: UserKeyRow): string | null {
  if (row.sealedPrivateKey === null) return null;
  const pkcs8 = keys.open(
    'user-key',
    userKeyIdentity(row.userId, row.kid),
    Buffer.from(row.sealedPrivateKey),
  );
  if (pkcs8 === null) throw new Error('a stored private key does not open under the master key');
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({
    format: 'pem',
    type: 'pkcs8',
  }) as string;
}
