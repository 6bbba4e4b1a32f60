import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import type { RandomBytes } from '../random.ts';
import type { Reader } from '../store.ts';
import type { WhoIsOnline } from './who-is-online.ts';

export interface OnlineUsersDependencies {
  readonly read: Pick<Reader, 'users'>;
  readonly online: WhoIsOnline;
  readonly random: RandomBytes;
}

/** Most names in one list. */
const maxNames = 10_000;
/** Among how many somebody is drawn, at most. */
const maxDrawn = 100_000;

/** Names of all who are online, whichever way they came in, in order. */
export function onlineUsernames({ read, online }: OnlineUsersDependencies) {
  return async (caller: Caller): Promise<string[]> => {
    userIdOf(caller);
    const names = await read.users.usernames(await online.some(maxNames));
    return [...names.values()].sort();
  };
}

/** The name of one of the others who are online, each as likely; null when there is nobody else. */
export function someoneOnline({ read, online, random }: OnlineUsersDependencies) {
  return async (caller: Caller): Promise<string | null> => {
    const userId = userIdOf(caller);
    const others = (await online.some(maxDrawn)).filter((id) => id !== userId);
    while (others.length > 0) {
      const at = Math.floor((random(4).readUInt32BE() / 2 ** 32) * others.length);
      const [id = ''] = others.splice(at, 1);
      // Who has just gone for good is still counted as online for a moment.
      const name = (await read.users.usernames([id])).get(id);
      if (name !== undefined) return name;
    }
    return null;
  };
}
