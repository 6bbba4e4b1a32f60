import type { RsaPublicKey } from '../../crypto/rsa-public-key.ts';
import type { SealedCaller } from '../caller.ts';
import type { Account } from './account.ts';
import { type AccountCreation, makeAccount } from './create-account.ts';
import { type EntryDependencies, enter } from './enter.ts';
import { passwordSecret } from './secret.ts';

export interface Registration {
  readonly username: string;
  readonly email: string;
  readonly password: string;
  /** Where the user keeps the private half. Otherwise the server makes a pair. */
  readonly publicKey: RsaPublicKey | null;
}

/**
 * Makes an account and logs the caller's session in.
 *
 * @throws Refusal `invalid_input`, `username_taken`, `email_taken`, `rate_limited`, `busy`
 */
export function registerUser(dependencies: EntryDependencies & AccountCreation) {
  const { store, clock } = dependencies;
  return async (caller: SealedCaller, registration: Registration): Promise<{ user: Account }> => {
    const { password, ...account } = registration;
    return makeAccount(
      dependencies,
      caller.address,
      { ...account, secret: passwordSecret(password) },
      (user, userKey) =>
        enter(dependencies, caller, user.id, (place) =>
          store.transact('registerUser', { now: clock.now(), claim: caller.claim, user, userKey, place }),
        ),
    );
  };
}
