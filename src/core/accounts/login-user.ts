import type { Caller } from '../caller.ts';
import { invalidField } from '../errors.ts';
import { readEmailAddress } from '../names/email-address.ts';
import { readUsername } from '../names/username.ts';
import { type EnforceLimit, limits } from '../limits/limits.ts';
import { addressGroup } from '../addresses.ts';
import type { Account } from './account.ts';
import { type PasswordCheckDependencies, checkPassword } from './check-password.ts';
import { type EntryDependencies, enter } from './enter.ts';

/** Exactly one of the two names. */
export interface Login {
  readonly name: { readonly email: string } | { readonly username: string };
  readonly password: string;
}

/**
 * Logs the caller's session in; one that is logged in changes its user.
 *
 * @throws Refusal `wrong_credentials` (the same for an unknown user), `rate_limited`, `busy`
 */
export function loginUser(
  dependencies: EntryDependencies & PasswordCheckDependencies & { enforce: EnforceLimit },
) {
  const { store, clock, enforce } = dependencies;
  const check = checkPassword(dependencies);
  return async (caller: Caller, login: Login): Promise<{ user: Account }> => {
    await enforce(limits.loginsOfAddress, addressGroup(caller.address));
    const { account, find } = accountNamed(login.name);
    const found = await (find.by === 'email'
      ? store.read.users.byEmailKey(find.key)
      : store.read.users.byUsernameKey(find.key));
    const { user, guesses } = await check(found, {
      account,
      address: caller.address,
      password: login.password,
    });
    return enter(dependencies, caller, user.id, (place) =>
      store.transact('loginUser', {
        now: clock.now(),
        claim: caller.claim,
        userId: user.id,
        verifier: user.passwordVerifier,
        place,
        guesses,
      }),
    );
  };
}

/** How a typed name is looked up, and what guesses at it are counted by. */
function accountNamed(name: Login['name']): {
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
