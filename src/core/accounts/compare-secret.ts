import { Refusal } from '../errors.ts';
import type { Store, UserRow } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import type { Directory } from './directory.ts';
import type { Passwords } from './passwords.ts';
import type { Secret } from './secret.ts';

export interface ComparisonDependencies {
  readonly store: Store<Transactions>;
  readonly passwords: Passwords;
  readonly directory: Directory;
}

/**
 * Compares a secret with the user's; returns the user, as they stand in the store, when it is right.
 *
 * Whom a directory knows is checked there whenever the password itself was shown (GATEWAYS.md "One password, every
 * door"). The verifier kept here is for ways in that receive only the pre-hash; it follows the directory's password.
 *
 * @throws Refusal `busy` when nothing could be compared
 */
export function compareSecret({ store, passwords, directory }: ComparisonDependencies) {
  return async (user: UserRow | null, secret: Secret): Promise<UserRow | null> => {
    if (user === null || user.directoryUid === null || secret.kind === 'preHash') {
      return (await passwords.check(user, secret)) ? user : null;
    }
    // Both at once, so that an answer takes no less time than it does for everybody else.
    const [isKnownHere, answer] = await Promise.all([
      passwords.check(user, secret),
      directory.check(user.directoryUid, secret.password),
    ]);
    if (answer === 'unavailable') throw directoryUnavailable();
    if (answer === 'wrong') return null;
    if (isKnownHere) return user;
    const { salt, verifier } = await passwords.store(secret);
    const kept = await store.transact('keepDirectoryPassword', {
      userId: user.id,
      verifier: user.passwordVerifier,
      salt,
      newVerifier: verifier,
    });
    if (kept) return { ...user, passwordSalt: salt, passwordVerifier: verifier };
    // Another login was faster, or the account is another one's now, or nobody's.
    const present = await store.read.users.byId(user.id);
    return present?.directoryUid === user.directoryUid ? present : null;
  };
}

/** What is said when the directory could not be asked. */
export function directoryUnavailable(): Refusal {
  return new Refusal('busy', { detail: 'The directory cannot be asked right now', retryAfter: 5 });
}
