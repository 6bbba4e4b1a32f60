import { isUtf8 } from 'node:buffer';
import { decryptMessage, readMessageJwe } from '../../crypto/message-jwe.ts';
import type { RsaPrivateKey } from '../../crypto/rsa-private-key.ts';
import type { BoundedQueue } from '../bounded-queue.ts';
import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import { Refusal } from '../errors.ts';
import { type EnforceLimit, limits } from '../limits/limits.ts';
import type { Reader } from '../store.ts';
import type { PrivateKeyCache } from '../user-keys/private-key-cache.ts';

/**
 * Decrypts a message that was encrypted to the user who asks, with whichever of their keys it names; without a
 * key id, with the newest.
 *
 * One answer for a message to somebody else, an altered one and one of another kind: which of them it is would
 * tell an attacker who feeds in altered messages how far each got (PROTOCOL.md §5, `/decrypt`).
 *
 * @throws Refusal `not_decryptable`, `key_held_by_user`, `rate_limited`, `busy`
 */
export function decryptForUser(dependencies: {
  read: Reader;
  privateKeys: PrivateKeyCache;
  queue: BoundedQueue;
  enforce: EnforceLimit;
}) {
  const { read, privateKeys, queue, enforce } = dependencies;
  return async (caller: Caller, token: string): Promise<{ message: string }> => {
    const userId = userIdOf(caller);
    await enforce(limits.decryptionsOfUser, userId);
    const message = readMessageJwe(token);
    if (message === null) throw new Refusal('not_decryptable');
    const key =
      (message.kid === null ? undefined : privateKeys.held(userId, message.kid)) ??
      (await storedKey(read, privateKeys, userId, message.kid));
    const opened = await queue.run(() => decryptMessage(message, key));
    if (opened === null || !isUtf8(opened)) throw new Refusal('not_decryptable');
    return { message: opened.toString() };
  };
}

/** @throws Refusal `not_decryptable`, `key_held_by_user` */
async function storedKey(
  read: Reader,
  privateKeys: PrivateKeyCache,
  userId: string,
  kid: string | null,
): Promise<RsaPrivateKey> {
  const row = kid === null ? (await read.userKeys.ofUser(userId))[0] : await read.userKeys.byKid(userId, kid);
  if (row === undefined || row === null) throw new Refusal('not_decryptable');
  const key = privateKeys.of(row);
  if (key === null) throw new Refusal('key_held_by_user');
  return key;
}
