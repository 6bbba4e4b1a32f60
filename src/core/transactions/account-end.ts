import type { LinkRow } from '../link-store.ts';
import type { SeenAddressRow } from '../moderation-store.ts';
import type { MembershipRow, MessageRow, RoomRow } from '../room-store.ts';
import type { CodeRow, SessionRow, Transaction, UserKeyRow, UserRow } from '../store.ts';
import type { ConfirmedChange } from './account-changes.ts';
import { userWithVerifier } from './change.ts';
import { type MembershipChange, leaveAllRooms } from './memberships.ts';

/**
 * Deletes the account: keys, sessions, codes and kept answers go, the name and the address are free again. The
 * row stays, without either, because messages keep pointing at it. No answer is kept: its scope goes too.
 *
 * @throws Refusal `wrong_credentials`
 */
export async function deleteAccount(
  transaction: Transaction,
  input: ConfirmedChange,
): Promise<{ left: readonly MembershipChange[] }> {
  const user = await userWithVerifier(transaction, input.userId, input.verifier);
  await transaction.sessions.deleteOfUser(user.id);
  await transaction.userKeys.deleteOfUser(user.id);
  await transaction.codes.deleteOfUser(user.id);
  await transaction.links.deleteOfUser(user.id);
  await transaction.idempotency.deleteOfScope(`user:${user.id}`);
  await transaction.seenAddresses.deleteOfUser(user.id);
  const left = await leaveAllRooms(transaction, user, input.now);
  await transaction.users.update(user.id, {
    username: null,
    usernameKey: null,
    email: null,
    emailKey: null,
    passwordSalt: Buffer.alloc(32),
    passwordVerifier: null,
    deletedAt: input.now,
    directoryUid: null,
  });
  return { left };
}

/** Ends a guest: the name is free again, and stays with what was said under it. */
export async function endGuest(
  transaction: Transaction,
  input: { now: number; userId: string },
): Promise<{ left: readonly MembershipChange[] }> {
  const user = await transaction.users.byId(input.userId);
  if (user === null || user.role !== 'guest' || user.deletedAt !== null) return { left: [] };
  const left = await leaveAllRooms(transaction, user, input.now);
  await transaction.seenAddresses.deleteOfUser(user.id);
  await transaction.userKeys.deleteOfUser(user.id);
  await transaction.users.update(user.id, { usernameKey: null, deletedAt: input.now });
  return { left };
}

/** All rows about one user, of one moment. */
export interface AccountRows {
  readonly user: UserRow;
  readonly sessions: SessionRow[];
  readonly userKeys: UserKeyRow[];
  readonly emailChange: CodeRow | null;
  readonly links: LinkRow[];
  readonly addresses: SeenAddressRow[];
  readonly rooms: { room: RoomRow; membership: MembershipRow }[];
  /** What the user has sent, after the place asked for; one more than the limit where there is more. */
  readonly messages: MessageRow[];
}

/** Reads everything kept about the user. @throws Refusal `wrong_credentials` */
export async function exportAccount(
  transaction: Transaction,
  input: ConfirmedChange & { after: { roomId: string; seq: number }; limit: number },
): Promise<AccountRows> {
  const user = await userWithVerifier(transaction, input.userId, input.verifier);
  return {
    user,
    sessions: await transaction.sessions.ofUser(user.id),
    userKeys: await transaction.userKeys.ofUser(user.id),
    emailChange: await transaction.codes.find('change_email', user.id),
    links: await transaction.links.ofUser(user.id),
    addresses: await transaction.seenAddresses.ofUser(user.id),
    rooms: await transaction.rooms.ofUser(user.id),
    messages: await transaction.messages.ofSender(user.id, input.after, input.limit + 1),
  };
}
