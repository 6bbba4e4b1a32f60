import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { accountOf } from '../accounts/account.ts';
import { type EntryDependencies, enter } from '../accounts/enter.ts';
import { forgetBlocks } from '../accounts/count-guess.ts';
import { guessSubjects } from '../accounts/guess-subjects.ts';
import { loginAccount } from '../accounts/authenticate.ts';
import type { Passwords } from '../accounts/passwords.ts';
import type { ProfileCache } from '../accounts/profile-cache.ts';
import { passwordSecret } from '../accounts/secret.ts';
import type { SealedCaller } from '../caller.ts';
import type { Clock } from '../clock.ts';
import type { GuessBlocks } from '../limits/guess-blocks.ts';
import type { Hub } from '../live/hub.ts';
import { Refusal, invalidField } from '../errors.ts';
import type { WakeMail } from '../mail/mail-delivery.ts';
import type { BanList } from '../moderation/ban-list.ts';
import { type PasswordRule, checkNewPassword } from '../names/password-rules.ts';
import { type RandomBytes, newId } from '../random.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import type { Store, UserRow } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import type { GuessSubject } from '../transactions/guesses.ts';
import type { LoginPlace } from '../transactions/login.ts';
import type { RecoveringCaller } from './code.ts';

interface RecoveryDependencies {
  readonly store: Store<Transactions>;
  readonly atRest: AtRestKeys;
  readonly passwords: Passwords;
  readonly registry: SessionRegistry;
  readonly hub: Hub;
  readonly profiles: ProfileCache;
  readonly bans: BanList;
  readonly random: RandomBytes;
  readonly clock: Clock;
  readonly wakeMail: WakeMail;
  readonly guessBlocks: GuessBlocks;
}

/**
 * Last step of recovery: sets the new password, ends every other session of the user and logs this one in.
 *
 * @throws Refusal `recovery_not_confirmed`, `invalid_input`, `busy`
 */
export function finishRecovery(dependencies: EntryDependencies & RecoveryDependencies) {
  const { registry, hub, wakeMail } = dependencies;
  const prepare = prepareRecovery(dependencies);
  return async (caller: SealedCaller, newPassword: string): Promise<Record<string, never>> => {
    const { user, commit } = await prepare(caller, newPassword, checkNewPassword);
    const finished = await enter(dependencies, caller, user.id, commit);
    await registry.endOfUser(user.id, caller.sessionId);
    hub.endKeyless(user.id, null);
    wakeMail();
    return finished;
  };
}

/**
 * The same for a way in that has no sealed sessions: sets the new password and ends every session of the user.
 *
 * @param rule in the place of core's own, for a way in whose people know another one
 * @throws Refusal `recovery_not_confirmed`, `invalid_input`, `busy`, `banned`, `kicked`
 */
export function recoverAccount(dependencies: RecoveryDependencies) {
  const { registry, hub, profiles, bans, wakeMail } = dependencies;
  const prepare = prepareRecovery(dependencies);
  return async (
    caller: RecoveringCaller,
    newPassword: string,
    rule: PasswordRule = checkNewPassword,
  ): Promise<void> => {
    const { user, commit } = await prepare(caller, newPassword, rule);
    bans.refuseUser(user.id);
    await commit(null);
    await registry.endOfUser(user.id);
    hub.endKeyless(user.id, null);
    profiles.forget(user.id);
    wakeMail();
  };
}

/** Whose account it is, and what stores the new password once it is known where they are logged in. */
interface PreparedRecovery {
  readonly user: UserRow;
  readonly commit: (place: LoginPlace | null) => Promise<Record<string, never>>;
}

function prepareRecovery(dependencies: RecoveryDependencies) {
  const { store, passwords, random, clock, atRest, guessBlocks } = dependencies;
  return async (
    { sessionId, claim }: RecoveringCaller,
    newPassword: string,
    rule: PasswordRule,
  ): Promise<PreparedRecovery> => {
    const code = await store.read.codes.find('recovery', sessionId);
    if (code === null || code.userId === null || code.confirmedAt === null) {
      throw new Refusal('recovery_not_confirmed');
    }
    const user = await store.read.users.byId(code.userId);
    if (user === null || user.deletedAt !== null) throw new Refusal('recovery_not_confirmed');
    const weakness = await rule(newPassword, accountOf(user));
    if (weakness !== null) throw invalidField('new_password', weakness);
    const { salt, verifier: newVerifier } = await passwords.store(passwordSecret(newPassword));
    const guesses = accountGuesses(atRest, user);
    const commit: PreparedRecovery['commit'] = async (place) => {
      const finished = await store.transact('finishRecovery', {
        now: clock.now(),
        claim,
        userId: user.id,
        salt,
        newVerifier,
        sessionId,
        place,
        mailId: newId(random),
        guesses,
      });
      await forgetBlocks(guessBlocks, guesses);
      return finished;
    };
    return { user, commit };
  };
}

/** All names under which guesses at the user's password may have been counted. */
export function accountGuesses(keys: AtRestKeys, user: UserRow): GuessSubject[] {
  const accounts = [`user:${user.id}`];
  if (user.emailKey !== null) accounts.push(loginAccount('email', user.emailKey));
  if (user.usernameKey !== null) accounts.push(loginAccount('username', user.usernameKey));
  return accounts.flatMap((account) => guessSubjects(keys, { account, addressGroup: '' }, false));
}
