import { and, asc, eq, gt, inArray, isNotNull, ne, sql } from 'drizzle-orm';
import type { UserWrites } from '../../core/store.ts';
import type { Dialect } from './dialect.ts';
import { reportingConflicts } from './conflicts.ts';
import { firstOrNull } from './rows.ts';

/** SQLite takes a bounded number of parameters in one statement. */
const idsAtOnce = 500;

export function userQueries(dialect: Dialect): UserWrites {
  const { database, prepared } = dialect;
  const { users } = dialect.tables;
  const byId = prepared(
    database
      .select()
      .from(users)
      .where(eq(users.id, sql.placeholder('id'))),
  );
  const byUsernameKey = prepared(
    database
      .select()
      .from(users)
      .where(eq(users.usernameKey, sql.placeholder('usernameKey'))),
  );
  const byEmailKey = prepared(
    database
      .select()
      .from(users)
      .where(eq(users.emailKey, sql.placeholder('emailKey'))),
  );
  const byDirectoryUid = prepared(
    database
      .select()
      .from(users)
      .where(eq(users.directoryUid, sql.placeholder('directoryUid'))),
  );
  return {
    byId: async (id) => firstOrNull(await byId.execute({ id })),
    byUsernameKey: async (usernameKey) => firstOrNull(await byUsernameKey.execute({ usernameKey })),
    byEmailKey: async (emailKey) => firstOrNull(await byEmailKey.execute({ emailKey })),
    byDirectoryUid: async (directoryUid) => firstOrNull(await byDirectoryUid.execute({ directoryUid })),
    afterUsernameKey: async (usernameKey, limit) =>
      database
        .select()
        .from(users)
        .where(gt(users.usernameKey, usernameKey))
        .orderBy(asc(users.usernameKey))
        .limit(limit),
    guests: async (limit) =>
      database
        .select()
        .from(users)
        .where(and(eq(users.role, 'guest'), isNotNull(users.usernameKey)))
        .limit(limit),
    usernames: async (ids) => {
      const names = new Map<string, string>();
      for (let at = 0; at < ids.length; at += idsAtOnce) {
        const rows = await database
          .select({ id: users.id, username: users.username })
          .from(users)
          .where(and(inArray(users.id, ids.slice(at, at + idsAtOnce)), isNotNull(users.username)));
        for (const { id, username } of rows) if (username !== null) names.set(id, username);
      }
      return names;
    },
    registered: async (limit) => {
      const rows = await database
        .select({ id: users.id, username: users.username, usernameKey: users.usernameKey })
        .from(users)
        .where(and(isNotNull(users.usernameKey), ne(users.role, 'guest')))
        .orderBy(asc(users.usernameKey))
        .limit(limit);
      return rows.flatMap(({ id, username, usernameKey }) =>
        username === null || usernameKey === null ? [] : [{ id, username, usernameKey }],
      );
    },
    insert: async (row) => {
      await reportingConflicts(async () => database.insert(users).values(row));
    },
    update: async (id, changes) => {
      await reportingConflicts(async () => database.update(users).set(changes).where(eq(users.id, id)));
    },
  };
}
