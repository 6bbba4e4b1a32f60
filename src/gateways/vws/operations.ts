import { passwordSecret } from '../../core/accounts/secret.ts';
import type { Caller } from '../../core/caller.ts';
import type { Core } from '../../core/core.ts';
import { Refusal } from '../../core/errors.ts';
import type { RecoveringCaller } from '../../core/recovery/code.ts';
import type { Chain } from './chain.ts';
import { checkVwsPassword } from './password-rule.ts';
import { unlessBlocked } from './blocking.ts';

/** The part of core that these clients have words for. */
export type VwsCore = Pick<
  Core,
  | 'admitHandshake'
  | 'authenticate'
  | 'bans'
  | 'changePassword'
  | 'changeUsername'
  | 'confirmRecoveryCode'
  | 'createAccount'
  | 'decryptForUser'
  | 'encryptForUser'
  | 'forgotPassword'
  | 'isBlocked'
  | 'loginMark'
  | 'recoverAccount'
  | 'seen'
>;

/** Who asks, where they stand, and whom or what the path names. */
export interface Asked {
  readonly core: VwsCore;
  readonly chain: Chain;
  readonly caller: Caller;
  readonly parameter: string;
}

/** One path: which fields it takes, and what it does with them. */
export interface Operation {
  /** As it follows the prefix; Hono's spelling. */
  readonly path: string;
  readonly fields: readonly string[];
  /** Fields that some clients send too, although the path says the same. */
  readonly optional: readonly string[];
  /** Whether somebody has to be logged in. */
  readonly login: boolean;
  /** What it returns is the answer's `message`. @throws Refusal */
  readonly perform: (asked: Asked, fields: Readonly<Record<string, string>>) => Promise<string | null>;
}

function operation<Name extends string>(
  path: string,
  description: {
    readonly fields: readonly Name[];
    readonly optional?: readonly string[];
    readonly login: boolean;
    readonly perform: (asked: Asked, fields: Readonly<Record<Name, string>>) => Promise<string | null>;
  },
): Operation {
  return { optional: [], ...description, path };
}

/** What a mailed code is like here: shorter, and good for less time. */
const codeForm = { characters: 6, milliseconds: 5 * 60 * 1000 };

/** Every path but the handshake. */
export const operations: readonly Operation[] = [
  operation('/register_user', {
    fields: ['username', 'email', 'password'],
    login: false,
    perform: async ({ core, chain, caller }, { username, email, password }) => {
      const proven = await core.createAccount(caller.address, {
        username,
        email,
        secret: passwordSecret(password),
        passwordRule: checkVwsPassword,
      });
      logIn(chain, proven.account.id, proven.mark);
      return null;
    },
  }),
  operation('/login_user', {
    fields: ['email', 'password'],
    login: false,
    perform: async ({ core, chain, caller }, { email, password }) => {
      const { account, mark } = await unlessBlocked(core, { email }, () =>
        core.authenticate(caller.address, { email }, passwordSecret(password)),
      );
      logIn(chain, account.id, mark);
      return null;
    },
  }),
  operation('/encrypt/:username', {
    fields: ['message'],
    optional: ['username'],
    login: true,
    perform: async ({ core, caller, parameter }, { message }) =>
      (await core.encryptForUser(caller, parameter, message)).message,
  }),
  operation('/decrypt', {
    fields: ['message'],
    login: true,
    perform: async ({ core, caller }, { message }) => (await core.decryptForUser(caller, message)).message,
  }),
  operation('/change_username', {
    fields: ['new_username', 'password'],
    login: true,
    perform: async ({ core, caller }, { new_username: newUsername, password }) => {
      await unlessBlocked(core, guessedAt(caller), () =>
        core.changeUsername(caller, { newUsername, password }),
      );
      return null;
    },
  }),
  operation('/change_password', {
    fields: ['password', 'new_password'],
    login: true,
    perform: async ({ core, chain, caller }, { password, new_password: newPassword }) => {
      const { userId } = guessedAt(caller);
      await unlessBlocked(core, { userId }, () =>
        core.changePassword(caller, { password, newPassword, passwordRule: checkVwsPassword }),
      );
      // Every other login of the user ends with the old password; this one goes on.
      logIn(chain, userId, await core.loginMark(userId));
      return null;
    },
  }),
  operation('/forgot_password', {
    fields: ['email'],
    login: false,
    perform: async ({ core, chain, caller }, { email }) => {
      await core.forgotPassword(recovering(chain, caller), email, codeForm);
      chain.askedForCode = true;
      return null;
    },
  }),
  operation('/confirm_forgot_password', {
    fields: ['code'],
    login: false,
    perform: async ({ core, chain, caller }, { code }) => {
      if (!chain.askedForCode) throw new Refusal('recovery_not_confirmed');
      await core.confirmRecoveryCode(recovering(chain, caller), code);
      chain.askedForCode = false;
      return null;
    },
  }),
  operation('/final_forgot_password', {
    fields: ['new_password'],
    login: false,
    perform: async ({ core, chain, caller }, { new_password: newPassword }) => {
      await core.recoverAccount(recovering(chain, caller), newPassword, checkVwsPassword);
      return null;
    },
  }),
];

function logIn(chain: Chain, userId: string, mark: string | null): void {
  // Who is nobody by now is logged out again by their next request: no mark is empty.
  chain.login = { userId, mark: mark ?? '' };
  chain.notedAt = 0;
}

function guessedAt({ userId }: Caller): { userId: string } {
  if (userId === null) throw new Refusal('not_logged_in');
  return { userId };
}

function recovering(chain: Chain, { address }: Caller): RecoveringCaller {
  return { sessionId: chain.name, address, claim: null };
}
