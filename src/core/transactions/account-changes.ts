import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { type Account, accountOf } from '../accounts/account.ts';
import { Refusal } from '../errors.ts';
import { newMailRow } from '../mail/mail-content.ts';
import type { Transaction } from '../store.ts';
import { type Change, done, refusingTaken, userWithVerifier } from './change.ts';

/** What a change carries that the user confirmed with their password. */
export interface ConfirmedChange extends Change {
  readonly userId: string;
  /** The verifier the password was checked against, outside of the transaction. */
  readonly verifier: string | null;
}

/** @throws Refusal `username_taken`, `wrong_credentials` */
export function changeUsername(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: ConfirmedChange & { username: string; usernameKey: string },
  ): Promise<{ user: Account }> => {
    const user = await userWithVerifier(transaction, input.userId, input.verifier);
    const changes = { username: input.username, usernameKey: input.usernameKey };
    await refusingTaken(() => transaction.users.update(user.id, changes));
    return done(transaction, keys, input, { user: accountOf({ ...user, ...changes }) });
  };
}

/**
 * Sets the new password and ends every other session of the user.
 *
 * @throws Refusal `wrong_credentials`; `forbidden` for whom a directory knows
 */
export function changePassword(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: ConfirmedChange & {
      salt: Uint8Array;
      newVerifier: string;
      /** The session that stays; null where the way in has none. */
      sessionId: string | null;
      mailId: string;
    },
  ): Promise<Record<string, never>> => {
    const user = await userWithVerifier(transaction, input.userId, input.verifier);
    if (user.directoryUid !== null) {
      throw new Refusal('forbidden', { detail: 'The password of this account is changed in the directory' });
    }
    await transaction.users.update(user.id, {
      passwordSalt: Buffer.from(input.salt),
      passwordVerifier: input.newVerifier,
    });
    await transaction.sessions.deleteOfUser(user.id, input.sessionId ?? undefined);
    await transaction.codes.deleteOfUser(user.id);
    await transaction.links.endOfUser(user.id, input.now, null);
    await noticeOfNewPassword(transaction, keys, user, input);
    return done(transaction, keys, input, {});
  };
}

/** Tells the address on file that the password is another one now. */
export async function noticeOfNewPassword(
  transaction: Transaction,
  keys: AtRestKeys,
  user: { username: string | null; email: string | null },
  { mailId, now }: { mailId: string; now: number },
): Promise<void> {
  if (user.email === null || user.username === null) return;
  await transaction.mails.insert(
    newMailRow(keys, {
      id: mailId,
      now,
      content: { kind: 'password_changed', to: user.email, username: user.username, at: now },
    }),
  );
}

/** Keeps what follows from a password that the directory found right. False when another was faster, or the user is gone. */
export async function keepDirectoryPassword(
  transaction: Transaction,
  input: { userId: string; verifier: string | null; salt: Uint8Array; newVerifier: string },
): Promise<boolean> {
  const user = await transaction.users.byId(input.userId);
  if (user === null || user.directoryUid === null || user.passwordVerifier !== input.verifier) return false;
  await transaction.users.update(user.id, {
    passwordSalt: Buffer.from(input.salt),
    passwordVerifier: input.newVerifier,
  });
  return true;
}
