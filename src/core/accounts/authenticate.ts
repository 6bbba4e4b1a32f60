import { addressGroup } from '../addresses.ts';
import { invalidField } from '../errors.ts';
import { limits } from '../limits/limits.ts';
import type { BanList } from '../moderation/ban-list.ts';
import type { SeenAddresses } from '../moderation/seen-addresses.ts';
import { readEmailAddress } from '../names/email-address.ts';
import { readUsername } from '../names/username.ts';
import { type PasswordCheckDependencies, type RightGuess, checkPassword } from './check-password.ts';
import { uncountGuess } from './count-guess.ts';
import { type ProvenAccount, provenAccount } from './login-mark.ts';
import type { Secret } from './secret.ts';

/** Exactly one of the two names. */
export type LoginName = { readonly email: string } | { readonly username: string };

/**
 * Checks a name and a secret; the guess stays counted until it is taken back.
 *
 * @throws Refusal `wrong_credentials` (the same for an unknown user), `rate_limited`, `busy`, `invalid_input`
 */
export function checkLogin(dependencies: PasswordCheckDependencies) {
  const { store, enforce } = dependencies;
  const check = checkPassword(dependencies);
  return async (address: string, name: LoginName, secret: Secret): Promise<RightGuess> => {
    await enforce(limits.loginsOfAddress, addressGroup(address));
    const { account, find } = accountNamed(name);
    const found = await (find.by === 'email'
      ? store.read.users.byEmailKey(find.key)
      : store.read.users.byUsernameKey(find.key));
    return check(found, { account, address, secret });
  };
}

/**
 * Says who somebody is, for a way in that has no sealed sessions.
 *
 * @throws Refusal as `checkLogin`; `banned`, `kicked`: said only to who has shown that the account is theirs
 */
export function authenticate(
  dependencies: PasswordCheckDependencies & { bans: BanList; seen: SeenAddresses },
) {
  const { keys, clock, bans, seen } = dependencies;
  const check = checkLogin(dependencies);
  return async (address: string, name: LoginName, secret: Secret): Promise<ProvenAccount> => {
    const { user, guesses } = await check(address, name, secret);
    await uncountGuess(dependencies, guesses);
    bans.refuseUser(user.id);
    seen.note(user.id, address, clock.now());
    return provenAccount(keys, user);
  };
}

/** How a typed name is looked up, and what guesses at it are counted by. */
function accountNamed(name: LoginName): {
  account: string;
  find: { by: 'email' | 'username'; key: string };
} {
  const by = 'email' in name ? 'email' : 'username';
  const read = 'email' in name ? readEmailAddress(name.email) : readUsername(name.username);
  if (!read.ok) throw invalidField(by, read.problem);
  return { account: loginAccount(by, read.key), find: { by, key: read.key } };
}

/** The words that guesses at a login are counted by. */
export function loginAccount(by: 'email' | 'username', key: string): string {
  return `${by}:${key}`;
}
