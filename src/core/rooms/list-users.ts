import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import { deletedUser } from '../live/events.ts';
import type { WhoIsOnline } from '../live/who-is-online.ts';
import { foldName } from '../names/username.ts';
import type { UserReads } from '../store.ts';
import { clampPage } from './listings.ts';

/** Another user, as far as anybody may know them. */
export interface OtherUser {
  readonly id: string;
  readonly username: string;
  readonly online: boolean;
}

export interface UserQuery {
  /** Only those online, only those not, or all. */
  readonly online: boolean | null;
  /** A name: those that come after it. */
  readonly after: string;
  readonly limit: number;
}

/** A page of users, by name. It may hold fewer than were asked for, or nobody, and yet not be the last. */
export interface UserListing {
  readonly users: OtherUser[];
  /** Where the next page begins; null after the last. */
  readonly next: string | null;
}

export interface UserListingDependencies {
  readonly read: { readonly users: Pick<UserReads, 'afterUsernameKey' | 'usernames'> };
  readonly online: WhoIsOnline;
}

/** Rows read at once. SQLite answers without waiting: between two reads others have their turn. */
const usersAtOnce = 250;
/** Where more are online, they are looked for among all users. */
const maxSorted = 2_000;
/** Users looked at for one page at most. */
const maxLooked = 2_500;

/** A page of all users, by name. */
export function listUsers(dependencies: UserListingDependencies) {
  return async (caller: Caller, query: UserQuery): Promise<UserListing> => {
    userIdOf(caller);
    const limit = clampPage(query.limit);
    const after = foldName(query.after);
    if (query.online !== true) return pageOfAll(dependencies, query.online, after, limit);
    const ids = await dependencies.online.some(maxSorted + 1);
    return ids.length > maxSorted
      ? pageOfAll(dependencies, true, after, limit)
      : pageOfOnline(dependencies, ids, after, limit);
  };
}

/** Those named by their ids, who are online: however many accounts there are, only they are read. */
async function pageOfOnline(
  { read }: UserListingDependencies,
  ids: readonly string[],
  after: string,
  limit: number,
): Promise<UserListing> {
  const start = Buffer.from(after);
  const found: { key: Buffer; user: OtherUser }[] = [];
  for (let at = 0; at < ids.length; at += usersAtOnce) {
    if (at > 0) await nextTurn();
    for (const [id, username] of await read.users.usernames(ids.slice(at, at + usersAtOnce))) {
      // As bytes, they are in the order in which the store has them.
      const key = Buffer.from(foldName(username));
      if (key.compare(start) > 0) found.push({ key, user: { id, username, online: true } });
    }
  }
  const users = found
    .sort((one, other) => one.key.compare(other.key))
    .slice(0, limit)
    .map(({ user }) => user);
  return { users, next: found.length > limit ? (users.at(-1)?.username ?? null) : null };
}

/** Those of all users who are online, who are not, or all. */
async function pageOfAll(
  { read, online: whoIsOnline }: UserListingDependencies,
  wanted: boolean | null,
  start: string,
  limit: number,
): Promise<UserListing> {
  const users: OtherUser[] = [];
  let after = start;
  for (let looked = 0; looked < maxLooked; looked += usersAtOnce) {
    if (looked > 0) await nextTurn();
    const rows = await read.users.afterUsernameKey(after, usersAtOnce);
    const present = await whoIsOnline.among(rows.map(({ id }) => id));
    for (const { id, username } of rows) {
      const online = present.has(id);
      if (wanted !== null && online !== wanted) continue;
      if (users.length === limit) return { users, next: users.at(-1)?.username ?? null };
      users.push({ id, username: username ?? deletedUser, online });
    }
    if (rows.length < usersAtOnce) return { users, next: null };
    after = rows.at(-1)?.usernameKey ?? after;
  }
  return { users, next: after };
}
