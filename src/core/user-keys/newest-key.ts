import { type RsaPublicKey, rsaPublicKeyFromModulus } from '../../crypto/rsa-public-key.ts';
import type { Timers } from '../clock.ts';
import { Refusal } from '../errors.ts';
import type { Reader, UserKeyRow } from '../store.ts';
import type { KeySupply } from './key-supply.ts';

/** How long somebody waits for a key that is being made. */
const waitMilliseconds = 10_000;

export interface NewestKeyDependencies {
  readonly read: Reader;
  readonly keySupply: KeySupply;
  readonly timers: Timers;
}

/** The user's keys, newest first; waits where the first one is still being made. @throws Refusal `busy` */
export function keysOfUser({ read, keySupply, timers }: NewestKeyDependencies) {
  return async (userId: string): Promise<readonly [UserKeyRow, ...UserKeyRow[]]> => {
    const [newest, ...older] = await read.userKeys.ofUser(userId);
    if (newest !== undefined) return [newest, ...older];
    keySupply.owe(userId);
    await withinDeadline(timers, keySupply.waitFor(userId));
    const [first, ...others] = await read.userKeys.ofUser(userId);
    if (first === undefined)
      throw new Refusal('busy', { detail: 'The key is still being made', retryAfter: 2 });
    return [first, ...others];
  };
}

/** Settles with the work, or after ten seconds without it: the caller looks for itself what is there. */
async function withinDeadline(timers: Timers, work: Promise<void>): Promise<void> {
  let cancel = (): void => {};
  const deadline = new Promise<void>((resolve) => {
    cancel = timers.setTimeout(resolve, waitMilliseconds);
  });
  await Promise.race([work.catch(() => {}), deadline]);
  cancel();
}

/** The public key of a row. */
export function publicKeyOf(row: UserKeyRow): RsaPublicKey {
  return rsaPublicKeyFromModulus(row.modulus);
}
