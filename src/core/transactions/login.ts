import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { type Account, accountOf } from '../accounts/account.ts';
import { Refusal } from '../errors.ts';
import type { SessionKeyRow, SessionRow, Transaction, UserKeyRow, UserRow } from '../store.ts';
import { type Change, done, refusingTaken, userWithVerifier } from './change.ts';
import { type GuessSubject, uncountGuess } from './guesses.ts';
import { type MembershipChange, joinRoomsOfAll } from './memberships.ts';

/** Where a user is about to be logged in. */
export interface LoginPlace {
  readonly session: SessionRow;
  /** The keys to store with it; empty when the session is in the store already, as another user's or the same's. */
  readonly keys: readonly SessionKeyRow[];
}

/** Makes the session the user's. @throws Refusal `session_unknown` when it ended meanwhile */
export async function enterSession(transaction: Transaction, place: LoginPlace): Promise<void> {
  if (place.keys.length === 0) {
    if ((await transaction.sessions.byId(place.session.id)) === null) throw new Refusal('session_unknown');
    await transaction.sessions.changeUser(place.session.id, place.session.userId);
    return;
  }
  await transaction.sessions.insert(place.session);
  for (const key of place.keys) await transaction.sessions.insertKey(key);
}

/** Makes an account, and logs a session in where there is one. @throws Refusal `username_taken`, `email_taken` */
export function registerUser(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: Change & { user: UserRow; userKey: UserKeyRow | null; place: LoginPlace | null },
  ): Promise<{ user: Account; joined: readonly MembershipChange[] }> => {
    await refusingTaken(() => transaction.users.insert(input.user));
    if (input.userKey !== null) await transaction.userKeys.insert(input.userKey);
    if (input.place !== null) await enterSession(transaction, input.place);
    const joined = await joinRoomsOfAll(transaction, input.user, input.now);
    return done(transaction, keys, input, { user: accountOf(input.user), joined });
  };
}

/** Logs the session in, after the password was found right. @throws Refusal `wrong_credentials` */
export function loginUser(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: Change & {
      userId: string;
      verifier: string | null;
      place: LoginPlace;
      guesses: readonly GuessSubject[];
    },
  ): Promise<{ user: Account }> => {
    const user = await userWithVerifier(transaction, input.userId, input.verifier);
    await uncountGuess(transaction, { subjects: input.guesses });
    await enterSession(transaction, input.place);
    return done(transaction, keys, input, { user: accountOf(user) });
  };
}
