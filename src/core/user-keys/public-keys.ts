import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import { Refusal } from '../errors.ts';
import { readUsername } from '../names/username.ts';
import type { Reader, UserRow } from '../store.ts';
import { type NewestKeyDependencies, keysOfUser } from './newest-key.ts';

/** The public half of a user's key: base64url modulus, exponent 65537. */
export interface PublicKeyView {
  readonly kid: string;
  readonly modulus: string;
}

/** The user's public keys, newest first. @throws Refusal `user_unknown`, `busy` */
export function listPublicKeys(dependencies: NewestKeyDependencies) {
  const keysOf = keysOfUser(dependencies);
  return async (caller: Caller, username: string): Promise<{ keys: readonly PublicKeyView[] }> => {
    userIdOf(caller);
    const user = await userNamed(dependencies.read, username);
    const keys = await keysOf(user.id);
    return { keys: keys.map(({ kid, modulus }) => ({ kid, modulus })) };
  };
}

/** The user of this name, in any spelling that folds to it. @throws Refusal `user_unknown` */
export async function userNamed(read: Reader, username: string): Promise<UserRow> {
  const name = readUsername(username);
  const user = name.ok ? await read.users.byUsernameKey(name.key) : null;
  if (user === null) throw new Refusal('user_unknown');
  return user;
}
