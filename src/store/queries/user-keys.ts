import { and, asc, desc, eq, isNull, ne, notExists, sql } from 'drizzle-orm';
import type { UserKeyWrites } from '../../core/store.ts';
import type { Dialect } from './dialect.ts';
import { firstOrNull } from './rows.ts';

export function userKeyQueries(dialect: Dialect): UserKeyWrites {
  const { database, prepared } = dialect;
  const { userKeys, users } = dialect.tables;
  const ofUser = prepared(
    database
      .select()
      .from(userKeys)
      .where(eq(userKeys.userId, sql.placeholder('userId')))
      .orderBy(desc(userKeys.version)),
  );
  const byKid = prepared(
    database
      .select()
      .from(userKeys)
      .where(and(eq(userKeys.userId, sql.placeholder('userId')), eq(userKeys.kid, sql.placeholder('kid')))),
  );
  return {
    ofUser: async (userId) => ofUser.execute({ userId }),
    byKid: async (userId, kid) => firstOrNull(await byKid.execute({ userId, kid })),
    usersWithoutKey: async (limit) => {
      const keyOfUser = database
        .select({ kid: userKeys.kid })
        .from(userKeys)
        .where(eq(userKeys.userId, users.id));
      const rows = await database
        .select({ id: users.id })
        .from(users)
        .where(and(isNull(users.deletedAt), ne(users.role, 'guest'), notExists(keyOfUser)))
        .orderBy(asc(users.createdAt))
        .limit(limit);
      return rows.map(({ id }) => id);
    },
    insert: async (row) => {
      await database.insert(userKeys).values(row);
    },
    deleteOfUser: async (userId) => {
      await database.delete(userKeys).where(eq(userKeys.userId, userId));
    },
  };
}
