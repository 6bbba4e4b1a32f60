import { addressGroup } from '../addresses.ts';
import type { Timers } from '../clock.ts';
import { Refusal, invalidField } from '../errors.ts';
import { limits } from '../limits/limits.ts';
import type { BanList } from '../moderation/ban-list.ts';
import type { SeenAddresses } from '../moderation/seen-addresses.ts';
import { readUsername } from '../names/username.ts';
import type { UserRow } from '../store.ts';
import { loginAccount } from './authenticate.ts';
import { type PasswordCheckDependencies, checkPassword } from './check-password.ts';
import { directoryUnavailable } from './compare-secret.ts';
import { countGuess, uncountGuess } from './count-guess.ts';
import { type AccountCreation, createAccount } from './create-account.ts';
import { guessSubjects } from './guess-subjects.ts';
import { type ProvenAccount, provenAccount } from './login-mark.ts';
import { passwordSecret } from './secret.ts';

/** How often, and milliseconds apart, an account is looked for that is being made elsewhere. */
const maxLooks = 20;
const betweenLooks = 100;

/**
 * Says who somebody is whom the directory knows, and makes their account when they come for the first time.
 *
 * @throws Refusal `wrong_credentials`, `busy` (the directory cannot be asked), `username_taken` (by somebody whom the
 *   directory does not know), `banned`, `kicked`, `rate_limited`, `invalid_input`
 */
export function loginThroughDirectory(
  dependencies: PasswordCheckDependencies &
    AccountCreation & { bans: BanList; seen: SeenAddresses; timers: Timers },
) {
  const { store, clock, timers, bans, seen, enforce, keys, directory, limitAddresses } = dependencies;
  const check = checkPassword(dependencies);
  const create = createAccount(dependencies);

  /** The first time: counted like any guess, so that the directory is no way around the count. */
  const makeKnown = async (
    address: string,
    name: string,
    uid: string,
    password: string,
  ): Promise<ProvenAccount> => {
    const target = { account: loginAccount('username', uid), addressGroup: addressGroup(address) };
    const subjects = guessSubjects(keys, target, limitAddresses);
    await countGuess(dependencies, subjects);
    const answer = await directory.check(uid, password);
    if (answer === 'wrong') throw new Refusal('wrong_credentials');
    await uncountGuess(dependencies, subjects);
    if (answer === 'unavailable') throw directoryUnavailable();
    const secret = passwordSecret(password);
    try {
      return await create(address, { username: name, email: null, secret, directoryUid: uid });
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 'username_taken')) throw error;
      const made = await madeMeanwhile(uid);
      if (made === null) throw error;
      return provenAccount(keys, made);
    }
  };

  /**
   * The account of somebody who came for the first time twice at once: on another node it may be about to be made. Null
   * where the name is somebody else's.
   */
  const madeMeanwhile = async (uid: string): Promise<UserRow | null> => {
    for (let look = 0; look < maxLooks; look++) {
      if (look > 0) await new Promise<void>((resolve) => timers.setTimeout(resolve, betweenLooks));
      const made = await store.read.users.byDirectoryUid(uid);
      if (made !== null) return made;
      const holder = await store.read.users.byUsernameKey(uid);
      if (holder !== null && holder.directoryUid !== uid) return null;
    }
    return null;
  };

  return async (address: string, name: string, password: string): Promise<ProvenAccount> => {
    const username = readUsername(name);
    if (!username.ok) throw invalidField('username', username.problem);
    await enforce(limits.loginsOfAddress, addressGroup(address));
    const known = await store.read.users.byDirectoryUid(username.key);
    let proven: ProvenAccount;
    if (known === null) {
      proven = await makeKnown(address, username.username, username.key, password);
    } else {
      const guess = {
        account: loginAccount('username', username.key),
        address,
        secret: passwordSecret(password),
      };
      const { user, guesses } = await check(known, guess);
      await uncountGuess(dependencies, guesses);
      proven = provenAccount(keys, user);
    }
    const { id } = proven.account;
    bans.refuseUser(id);
    seen.note(id, address, clock.now());
    return proven;
  };
}
