import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { Transaction, UserKeyRow } from '../store.ts';
import { type ConfirmedChange } from './account-changes.ts';
import { done, userWithVerifier } from './change.ts';

/** Adds a newer key for the user; the older ones still decrypt. @throws Refusal `wrong_credentials` */
export function addUserKey(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: ConfirmedChange & { row: Omit<UserKeyRow, 'version'> },
  ): Promise<{ kid: string }> => {
    await userWithVerifier(transaction, input.userId, input.verifier);
    const { row } = input;
    const [newest] = await transaction.userKeys.ofUser(row.userId);
    // The same key again is the newest already, or an older one that the user asks to keep using: nothing to add.
    if ((await transaction.userKeys.byKid(row.userId, row.kid)) === null) {
      await transaction.userKeys.insert({ ...row, version: (newest?.version ?? 0) + 1 });
    }
    return done(transaction, keys, input, { kid: row.kid });
  };
}

/** Gives a user the key that was not ready when they registered. False when they have one, or are gone. */
export async function giveFirstKey(transaction: Transaction, row: UserKeyRow): Promise<boolean> {
  const user = await transaction.users.byId(row.userId);
  if (user === null || user.deletedAt !== null) return false;
  if ((await transaction.userKeys.ofUser(row.userId)).length > 0) return false;
  await transaction.userKeys.insert(row);
  return true;
}
