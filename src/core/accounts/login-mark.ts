import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { readEmailAddress } from '../names/email-address.ts';
import type { Reader } from '../store.ts';

/** Whose login it is. */
export type MarkedUser = { readonly email: string } | { readonly userId: string };

/**
 * What a login rests on, for a way in that remembers logins itself: it changes with the password, wherever that is
 * changed, so a login that was made under another mark is over. Null for nobody, and once the account is deleted.
 *
 * Whoever logs in by name asks for the mark before the password is checked: one that was set in between ends the login.
 */
export function loginMark({ read, keys }: { read: Pick<Reader, 'users'>; keys: AtRestKeys }) {
  return async (who: MarkedUser): Promise<string | null> => {
    const user = await ('userId' in who ? read.users.byId(who.userId) : byEmail(read, who.email));
    if (user === null || user.deletedAt !== null) return null;
    return keys.hash('login-mark', `${user.id} ${user.passwordVerifier ?? ''}`).toString('base64url');
  };
}

async function byEmail(read: Pick<Reader, 'users'>, typed: string) {
  const email = readEmailAddress(typed);
  return email.ok ? read.users.byEmailKey(email.key) : null;
}
