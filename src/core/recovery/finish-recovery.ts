import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { accountOf } from '../accounts/account.ts';
import { type EntryDependencies, enter } from '../accounts/enter.ts';
import { guessSubjects } from '../accounts/guess-subjects.ts';
import { loginAccount } from '../accounts/login-user.ts';
import type { Passwords } from '../accounts/passwords.ts';
import type { Caller } from '../caller.ts';
import type { Clock } from '../clock.ts';
import { Refusal, invalidField } from '../errors.ts';
import type { WakeMail } from '../mail/mail-delivery.ts';
import { checkNewPassword } from '../names/password-rules.ts';
import { type RandomBytes, newId } from '../random.ts';
import type { Store, UserRow } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import type { GuessSubject } from '../transactions/guesses.ts';

/**
 * Last step of recovery: sets the new password, ends every other session of the user and logs this one in.
 *
 * @throws Refusal `recovery_not_confirmed`, `invalid_input`, `busy`
 */
export function finishRecovery(
  dependencies: EntryDependencies & {
    store: Store<Transactions>;
    passwords: Passwords;
    random: RandomBytes;
    clock: Clock;
    wakeMail: WakeMail;
  },
) {
  const { store, passwords, registry, random, clock, atRest, wakeMail } = dependencies;
  return async (caller: Caller, newPassword: string): Promise<Record<string, never>> => {
    const sessionId = caller.key.session.id;
    const code = await store.read.codes.find('recovery', sessionId);
    if (code === null || code.userId === null || code.confirmedAt === null) {
      throw new Refusal('recovery_not_confirmed');
    }
    const user = await store.read.users.byId(code.userId);
    if (user === null || user.deletedAt !== null) throw new Refusal('recovery_not_confirmed');
    const weakness = await checkNewPassword(newPassword, accountOf(user));
    if (weakness !== null) throw invalidField('new_password', weakness);
    const { salt, verifier: newVerifier } = await passwords.store(newPassword);
    const finished = await enter(dependencies, caller, user.id, (place) =>
      store.transact('finishRecovery', {
        now: clock.now(),
        claim: caller.claim,
        userId: user.id,
        salt,
        newVerifier,
        place,
        mailId: newId(random),
        guesses: accountGuesses(atRest, user),
      }),
    );
    registry.endOfUser(user.id, sessionId);
    wakeMail();
    return finished;
  };
}

/** All names under which guesses at the user's password may have been counted. */
function accountGuesses(keys: AtRestKeys, user: UserRow): GuessSubject[] {
  const accounts = [`user:${user.id}`];
  if (user.emailKey !== null) accounts.push(loginAccount('email', user.emailKey));
  if (user.usernameKey !== null) accounts.push(loginAccount('username', user.usernameKey));
  return accounts.flatMap((account) => guessSubjects(keys, { account, addressGroup: '' }, false));
}
