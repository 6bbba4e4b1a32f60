import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { addressGroup } from '../addresses.ts';
import { Refusal } from '../errors.ts';
import { type EnforceLimit, limits } from '../limits/limits.ts';
import type { UserRow } from '../store.ts';
import type { GuessSubject } from '../transactions/guesses.ts';
import { type GuessCounting, countGuess, uncountGuess } from './count-guess.ts';
import { guessSubjects } from './guess-subjects.ts';
import { type ComparisonDependencies, compareSecret } from './compare-secret.ts';
import { type Secret, passwordSecret } from './secret.ts';

export interface PasswordCheckDependencies extends ComparisonDependencies, GuessCounting {
  readonly keys: AtRestKeys;
  /** Whether limits by address and overall are on. */
  readonly limitAddresses: boolean;
  readonly enforce: EnforceLimit;
}

/** A guess at a password: whose, in the words it is counted by, and from where. */
export interface PasswordGuess {
  readonly account: string;
  readonly address: string;
  readonly secret: Secret;
}

/** A right guess: it is still counted as a failed one, until `guesses` are taken back. */
export interface RightGuess {
  readonly user: UserRow;
  readonly guesses: readonly GuessSubject[];
}

/**
 * Checks a password. The guess is counted, durably, before it is compared; whoever goes on with a right one takes
 * the count back with the transaction of what follows.
 *
 * Unknown users get the same answer in the same time (PROTOCOL.md §5, `/login_user`): the same writes, the same
 * hash.
 *
 * @throws Refusal `rate_limited`, `wrong_credentials`, `busy`
 */
export function checkPassword(dependencies: PasswordCheckDependencies) {
  const { keys, limitAddresses } = dependencies;
  const compare = compareSecret(dependencies);
  return async (user: UserRow | null, guess: PasswordGuess): Promise<RightGuess> => {
    const target = { account: guess.account, addressGroup: addressGroup(guess.address) };
    const subjects = guessSubjects(keys, target, limitAddresses);
    await countGuess(dependencies, subjects);
    const known = await compare(user, guess.secret).catch(async (error: unknown) => {
      // Nothing was compared, so nothing was learned.
      if (error instanceof Refusal) await uncountGuess(dependencies, subjects);
      throw error;
    });
    if (known === null) throw new Refusal('wrong_credentials');
    return { user: known, guesses: subjects };
  };
}

/**
 * Asks a logged-in user for their password again, as changes of the account do. Leaves no count behind when it was
 * right.
 *
 * @throws Refusal `rate_limited`, `wrong_credentials`, `busy`, `session_unknown`
 */
export function confirmPassword(dependencies: PasswordCheckDependencies) {
  const check = checkPassword(dependencies);
  return async (userId: string, address: string, secret: string | Secret): Promise<UserRow> => {
    const user = await dependencies.store.read.users.byId(userId);
    if (user === null || user.deletedAt !== null) throw new Refusal('session_unknown');
    await dependencies.enforce(limits.confirmationsOfUser, userId);
    const { user: confirmed, guesses } = await check(user, {
      account: `user:${userId}`,
      address,
      secret: typeof secret === 'string' ? passwordSecret(secret) : secret,
    });
    await uncountGuess(dependencies, guesses);
    return confirmed;
  };
}
