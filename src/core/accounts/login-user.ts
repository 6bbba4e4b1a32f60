import type { SealedCaller } from '../caller.ts';
import type { Account } from './account.ts';
import { type LoginName, checkLogin } from './authenticate.ts';
import type { PasswordCheckDependencies } from './check-password.ts';
import { forgetBlocks } from './count-guess.ts';
import { type EntryDependencies, enter } from './enter.ts';
import { passwordSecret } from './secret.ts';

export interface Login {
  readonly name: LoginName;
  readonly password: string;
}

/**
 * Logs the caller's session in; one that is logged in changes its user.
 *
 * @throws Refusal `wrong_credentials` (the same for an unknown user), `rate_limited`, `busy`, `banned`, `kicked`
 */
export function loginUser(dependencies: EntryDependencies & PasswordCheckDependencies) {
  const { store, clock, guessBlocks } = dependencies;
  const check = checkLogin(dependencies);
  return async (caller: SealedCaller, login: Login): Promise<{ user: Account }> => {
    const { user, guesses } = await check(caller.address, login.name, passwordSecret(login.password));
    const entered = await enter(dependencies, caller, user.id, (place) =>
      store.transact('loginUser', {
        now: clock.now(),
        claim: caller.claim,
        userId: user.id,
        verifier: user.passwordVerifier,
        place,
        guesses,
      }),
    );
    await forgetBlocks(guessBlocks, guesses);
    return entered;
  };
}
