import type { Core } from '../../core/core.ts';
import type { WhoIsOnline } from '../../core/live/who-is-online.ts';
import type { BanList } from '../../core/moderation/ban-list.ts';
import type { Moderation } from '../../core/moderation/moderation.ts';
import type { Reader, UserRow } from '../../core/store.ts';
import { consoleActor } from '../actor.ts';
import { type Command, command } from '../command.ts';
import { pagesOf } from '../pages.ts';
import { username } from '../parameters.ts';
import { counted, done, isoTime, moment, sentence, table } from '../report.ts';

/** Most accounts that one command shows. */
const maxUsers = 10_000;
const usersAtOnce = 250;

export function userCommands(parts: {
  read: Reader;
  online: WhoIsOnline;
  bans: BanList;
  moderation: Moderation;
  sessionsOf: Core['sessionsOf'];
}): Command[] {
  const { read, bans, moderation } = parts;
  const viewOf = ({ id, username: name, role, createdAt }: UserRow, online: boolean) => {
    const ban = bans.ofUser(id);
    const keptOut = ban === null ? null : { kind: ban.kind, reason: ban.reason, until: isoTime(ban.until) };
    return { name: name ?? '', role, online, created: createdAt, keptOut };
  };
  return [
    command({
      name: 'users',
      summary: 'display a list of all users',
      parameters: {},
      run: async () => {
        const { rows, hasMore } = await pagesOf(
          (after: string) => read.users.afterUsernameKey(after, usersAtOnce),
          { start: '', next: ({ usernameKey }) => usernameKey ?? '', pageSize: usersAtOnce, most: maxUsers },
        );
        const present = await parts.online.among(rows.map(({ id }) => id));
        const users = rows.map((row) => viewOf(row, present.has(row.id)));
        const online = users.filter((user) => user.online).length;
        return done(
          {
            users: users.map((user) => ({ ...user, created: isoTime(user.created) })),
            has_more: hasMore,
          },
          table(
            ['user', 'role', 'now', 'since', 'kept out'],
            users.map(({ name, role, online, created, keptOut }) => [
              name,
              role,
              online ? 'online' : '',
              moment(created),
              keptOut === null ? '' : `${keptOut.kind} ${untilText(keptOut.until)}: ${keptOut.reason}`,
            ]),
          ),
          hasMore
            ? sentence(`Only the first ${maxUsers} by name.`, 'warning')
            : sentence(`${counted(users.length, 'user')}, ${online} online`, 'quiet'),
        );
      },
    }),
    command({
      name: 'sessions',
      summary: 'display where a user is logged in',
      parameters: { user: username('user') },
      run: async ({ user }) => {
        const sessions = await parts.sessionsOf(user);
        return done(
          sessions.map(({ id, address, client, createdAt, lastUsedAt }) => ({
            session: id,
            address,
            client,
            created: isoTime(createdAt),
            last_used: isoTime(lastUsedAt),
          })),
          table(
            ['session', 'address', 'logged in', 'last used', 'client'],
            sessions.map(({ id, address, client, createdAt, lastUsedAt }) => [
              id,
              address,
              moment(createdAt),
              moment(lastUsedAt),
              client,
            ]),
          ),
          sentence(counted(sessions.length, 'session'), 'quiet'),
        );
      },
    }),
    command({
      name: 'op',
      summary: 'make a user an admin',
      parameters: { user: username() },
      run: async ({ user }) => {
        await moderation.setRole(consoleActor, user, 'admin');
        return done({ user, role: 'admin' }, sentence(`${user} is an admin now.`, 'good'));
      },
    }),
    command({
      name: 'deop',
      summary: 'make an admin a user',
      parameters: { user: username() },
      run: async ({ user }) => {
        await moderation.setRole(consoleActor, user, 'user');
        return done({ user, role: 'user' }, sentence(`${user} is no admin any more.`, 'good'));
      },
    }),
  ];
}

function untilText(until: string | null): string {
  return until === null ? 'for good' : `until ${moment(until)}`;
}
