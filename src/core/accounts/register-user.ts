import type { RsaPublicKey } from '../../crypto/rsa-public-key.ts';
import type { Caller } from '../caller.ts';
import type { Clock } from '../clock.ts';
import { Refusal, invalidField } from '../errors.ts';
import { type EnforceLimit, limits } from '../limits/limits.ts';
import { addressGroup } from '../addresses.ts';
import { readEmailAddress } from '../names/email-address.ts';
import { checkNewPassword } from '../names/password-rules.ts';
import { readUsername } from '../names/username.ts';
import { type RandomBytes, newId } from '../random.ts';
import type { Store, UserRow } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import type { KeySupply } from '../user-keys/key-supply.ts';
import type { Account } from './account.ts';
import { type EntryDependencies, enter } from './enter.ts';
import type { Passwords } from './passwords.ts';

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
 * The private key is taken from those made ahead; where none is ready the account is made without one, and
 * gets it as soon as there is one.
 *
 * @throws Refusal `invalid_input`, `username_taken`, `email_taken`, `rate_limited`, `busy`
 */
export function registerUser(
  dependencies: EntryDependencies & {
    store: Store<Transactions>;
    passwords: Passwords;
    keySupply: KeySupply;
    random: RandomBytes;
    clock: Clock;
    enforce: EnforceLimit;
  },
) {
  const { store, passwords, keySupply, random, clock, enforce } = dependencies;
  return async (caller: Caller, registration: Registration): Promise<{ user: Account }> => {
    const username = readUsername(registration.username);
    if (!username.ok) throw invalidField('username', username.problem);
    const email = readEmailAddress(registration.email);
    if (!email.ok) throw invalidField('email', email.problem);
    const weakness = await checkNewPassword(registration.password, {
      username: username.username,
      email: email.email,
    });
    if (weakness !== null) throw invalidField('password', weakness);
    await enforce(limits.registrationsOfAddress, addressGroup(caller.address));
    // Looked at again in the transaction; here it spares the hash.
    if ((await store.read.users.byUsernameKey(username.key)) !== null) throw new Refusal('username_taken');
    if ((await store.read.users.byEmailKey(email.key)) !== null) throw new Refusal('email_taken');
    const { salt, verifier } = await passwords.store(registration.password);
    const user: UserRow = {
      id: newId(random),
      username: username.username,
      usernameKey: username.key,
      email: email.email,
      emailKey: email.key,
      role: 'user',
      passwordSalt: salt,
      passwordVerifier: verifier,
      createdAt: clock.now(),
      deletedAt: null,
    };
    const userKey = keySupply.firstKey(user.id, registration.publicKey, clock.now());
    const registered = await enter(dependencies, caller, user.id, (place) =>
      store.transact('registerUser', { now: clock.now(), claim: caller.claim, user, userKey, place }),
    );
    if (userKey === null) keySupply.owe(user.id);
    return registered;
  };
}
