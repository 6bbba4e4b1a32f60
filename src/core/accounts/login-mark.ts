import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { Reader, UserRow } from '../store.ts';
import { type Account, accountOf } from './account.ts';

/**
 * Somebody who has shown who they are, and what that rests on. The mark is of the very password that was found right: a
 * login is good for as long as the user's mark is still this one.
 */
export interface ProvenAccount {
  readonly account: Account;
  readonly mark: string;
}

/** The user of a row under whose password they have shown who they are. */
export function provenAccount(keys: AtRestKeys, user: UserRow): ProvenAccount {
  return { account: accountOf(user), mark: markOf(keys, user) };
}

/**
 * What a login rests on, for a way in that remembers logins itself: it changes with the password, wherever that is
 * changed, so a login that was made under another mark is over. Null for nobody, and once the account is deleted.
 */
export function loginMark({ read, keys }: { read: Pick<Reader, 'users'>; keys: AtRestKeys }) {
  return async (userId: string): Promise<string | null> => {
    const user = await read.users.byId(userId);
    return user === null || user.deletedAt !== null ? null : markOf(keys, user);
  };
}

function markOf(keys: AtRestKeys, { id, passwordVerifier }: UserRow): string {
  return keys.hash('login-mark', `${id} ${passwordVerifier ?? ''}`).toString('base64url');
}
