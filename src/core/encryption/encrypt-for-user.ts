import { encryptMessage } from '../../crypto/message-jwe.ts';
import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import { type NewestKeyDependencies, keysOfUser, publicKeyOf } from '../user-keys/newest-key.ts';
import { userNamed } from '../user-keys/public-keys.ts';

/** Encrypts a text to the user's newest key. @throws Refusal `user_unknown`, `busy` */
export function encryptForUser(dependencies: NewestKeyDependencies) {
  const keysOf = keysOfUser(dependencies);
  return async (caller: Caller, username: string, text: string): Promise<{ message: string }> => {
    userIdOf(caller);
    const user = await userNamed(dependencies.read, username);
    const [newest] = await keysOf(user.id);
    return { message: encryptMessage(publicKeyOf(newest), Buffer.from(text)) };
  };
}
