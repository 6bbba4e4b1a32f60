import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { RsaPublicKey } from '../../crypto/rsa-public-key.ts';
import { addressGroup } from '../addresses.ts';
import type { Clock } from '../clock.ts';
import { Refusal, invalidField } from '../errors.ts';
import { type EnforceLimit, limits } from '../limits/limits.ts';
import { readEmailAddress } from '../names/email-address.ts';
import { type PasswordRule, checkNewPassword } from '../names/password-rules.ts';
import { readUsername } from '../names/username.ts';
import type { NameChanges } from './name-changes.ts';
import { type RandomBytes, newId } from '../random.ts';
import type { AnnounceMembership } from '../rooms/announce.ts';
import type { Store, UserKeyRow, UserRow } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import type { MembershipChange } from '../transactions/memberships.ts';
import type { KeySupply } from '../user-keys/key-supply.ts';
import { type ProvenAccount, provenAccount } from './login-mark.ts';
import type { NameHold, NameHolds } from './name-holds.ts';
import type { Passwords } from './passwords.ts';
import type { Secret } from './secret.ts';

export interface NewAccount {
  readonly username: string;
  /** Null where the way in asks for none. */
  readonly email: string | null;
  readonly secret: Secret;
  /** 32 bytes, where the client has brought a salt of its own. */
  readonly salt?: Buffer;
  /** Where the name was held for who asks. */
  readonly hold?: NameHold;
  /** Where the user keeps the private half. Otherwise the server makes a pair. */
  readonly publicKey?: RsaPublicKey | null;
  /** Where a directory knows the user, and has found the password right. */
  readonly directoryUid?: string;
  /** In the place of core's own, for a way in whose people know another one. */
  readonly passwordRule?: PasswordRule;
}

export interface AccountCreation {
  readonly store: Store<Transactions>;
  readonly passwords: Passwords;
  readonly keySupply: KeySupply;
  readonly random: RandomBytes;
  readonly clock: Clock;
  readonly enforce: EnforceLimit;
  readonly announce: AnnounceMembership;
  readonly names: NameHolds;
  readonly nameChanges: NameChanges;
}

/** Stores what was prepared; what it returns tells which rooms the account was put into. */
type Commit<Result> = (user: UserRow, userKey: UserKeyRow | null) => Promise<Result>;

/**
 * Checks everything about a new account, and has it stored.
 *
 * The private key is taken from those made ahead; where none is ready the account is made without one, and gets it as
 * soon as there is one.
 *
 * @throws Refusal `invalid_input`, `username_taken`, `email_taken`, `rate_limited`, `busy`
 */
export async function makeAccount<Result extends { readonly joined: readonly MembershipChange[] }>(
  { store, passwords, keySupply, random, clock, enforce, announce, names, nameChanges }: AccountCreation,
  address: string,
  account: NewAccount,
  commit: Commit<Result>,
): Promise<Result> {
  const username = readUsername(account.username);
  if (!username.ok) throw invalidField('username', username.problem);
  const email = account.email === null ? null : readEmailAddress(account.email);
  if (email !== null && !email.ok) throw invalidField('email', email.problem);
  // Of a pre-hash nothing can be checked but its form, and a directory has rules of its own.
  if (account.secret.kind === 'password' && account.directoryUid === undefined) {
    const person = { username: username.username, email: email?.email ?? null };
    const weakness = await (account.passwordRule ?? checkNewPassword)(account.secret.password, person);
    if (weakness !== null) throw invalidField('password', weakness);
  }
  await enforce(limits.registrationsOfAddress, addressGroup(address));
  names.refuseHeld(username.key, account.hold);
  // Looked at again in the transaction; here it spares the hash.
  if ((await store.read.users.byUsernameKey(username.key)) !== null) throw new Refusal('username_taken');
  if (email !== null && (await store.read.users.byEmailKey(email.key)) !== null) {
    throw new Refusal('email_taken');
  }
  const { salt, verifier } = await passwords.store(account.secret, account.salt);
  const user: UserRow = {
    id: newId(random),
    username: username.username,
    usernameKey: username.key,
    email: email?.email ?? null,
    emailKey: email?.key ?? null,
    role: 'user',
    passwordSalt: salt,
    passwordVerifier: verifier,
    createdAt: clock.now(),
    deletedAt: null,
    directoryUid: account.directoryUid ?? null,
  };
  const userKey = keySupply.firstKey(user.id, account.publicKey ?? null, clock.now());
  // Somebody may have come to hold the name while the password was hashed.
  const made = await names.whileTaking(username.key, account.hold ?? null, () => commit(user, userKey));
  for (const change of made.joined) announce(change);
  if (userKey === null) keySupply.owe(user.id);
  nameChanges.note();
  return made;
}

/** Makes an account for a way in that has no sealed sessions. */
export function createAccount(creation: AccountCreation & { keys: AtRestKeys }) {
  const { store, clock, keys } = creation;
  return async (address: string, account: NewAccount): Promise<ProvenAccount> => {
    const { row } = await makeAccount(creation, address, account, async (user, userKey) => {
      const registration = { now: clock.now(), claim: null, user, userKey, place: null };
      const { joined } = await store.transact('registerUser', registration);
      return { joined, row: user };
    });
    return provenAccount(keys, row);
  };
}
