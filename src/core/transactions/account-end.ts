import type { CodeRow, SessionRow, Transaction, UserKeyRow, UserRow } from '../store.ts';
import type { ConfirmedChange } from './account-changes.ts';
import { userWithVerifier } from './change.ts';

/**
 * Deletes the account: keys, sessions, codes and kept answers go, the name and the address are free again. The
 * row stays, without either, because messages keep pointing at it. No answer is kept: its scope goes too.
 *
 * @throws Refusal `wrong_credentials`
 */
export async function deleteAccount(
  transaction: Transaction,
  input: ConfirmedChange,
): Promise<Record<string, never>> {
  const user = await userWithVerifier(transaction, input.userId, input.verifier);
  await transaction.sessions.deleteOfUser(user.id);
  await transaction.userKeys.deleteOfUser(user.id);
  await transaction.codes.deleteOfUser(user.id);
  await transaction.idempotency.deleteOfScope(`user:${user.id}`);
  await transaction.users.update(user.id, {
    username: null,
    usernameKey: null,
    email: null,
    emailKey: null,
    passwordSalt: Buffer.alloc(32),
    passwordVerifier: null,
    deletedAt: input.now,
  });
  return {};
}

/** All rows about one user, of one moment. */
export interface AccountRows {
  readonly user: UserRow;
  readonly sessions: SessionRow[];
  readonly userKeys: UserKeyRow[];
  readonly emailChange: CodeRow | null;
}

/** Reads everything kept about the user. @throws Refusal `wrong_credentials` */
export async function exportAccount(transaction: Transaction, input: ConfirmedChange): Promise<AccountRows> {
  const user = await userWithVerifier(transaction, input.userId, input.verifier);
  return {
    user,
    sessions: await transaction.sessions.ofUser(user.id),
    userKeys: await transaction.userKeys.ofUser(user.id),
    emailChange: await transaction.codes.find('change_email', user.id),
  };
}
