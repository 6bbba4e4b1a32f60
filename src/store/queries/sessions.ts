import { and, desc, eq, inArray, lt, ne, or, sql } from 'drizzle-orm';
import type { SessionWrites } from '../../core/store.ts';
import type { Dialect } from './dialect.ts';
import { firstOrNull } from './rows.ts';

export function sessionQueries(dialect: Dialect): SessionWrites {
  const { database, prepared, greatest } = dialect;
  const { sessionKeys, sessions } = dialect.tables;
  const byId = prepared(
    database
      .select()
      .from(sessions)
      .where(eq(sessions.id, sql.placeholder('id'))),
  );
  const byKeyId = prepared(
    database
      .select({ key: sessionKeys, session: sessions })
      .from(sessionKeys)
      .innerJoin(sessions, eq(sessions.id, sessionKeys.sessionId))
      .where(eq(sessionKeys.id, sql.placeholder('keyId'))),
  );
  const ofUser = prepared(
    database
      .select()
      .from(sessions)
      .where(eq(sessions.userId, sql.placeholder('userId')))
      .orderBy(desc(sessions.lastUsedAt)),
  );
  return {
    byId: async (id) => firstOrNull(await byId.execute({ id })),
    byKeyId: async (keyId) => firstOrNull(await byKeyId.execute({ keyId })),
    byKeyIds: async (keyIds) =>
      database
        .select({ key: sessionKeys, session: sessions })
        .from(sessionKeys)
        .innerJoin(sessions, eq(sessions.id, sessionKeys.sessionId))
        .where(inArray(sessionKeys.id, [...keyIds])),
    ofUser: async (userId) => ofUser.execute({ userId }),
    insert: async (row) => {
      await database.insert(sessions).values(row);
    },
    insertKey: async (row) => {
      await database.insert(sessionKeys).values(row);
    },
    changeUser: async (id, userId) => {
      await database.update(sessions).set({ userId }).where(eq(sessions.id, id));
    },
    retireKey: async (keyId, retiresAt) => {
      await database.update(sessionKeys).set({ retiresAt }).where(eq(sessionKeys.id, keyId));
    },
    reserve: async (keyId, windowReserved, sealsReserved) => {
      const raised = await database
        .update(sessionKeys)
        .set({
          windowReserved: greatest(sessionKeys.windowReserved, windowReserved),
          sealsReserved: greatest(sessionKeys.sealsReserved, sealsReserved),
        })
        .where(eq(sessionKeys.id, keyId))
        .returning({ id: sessionKeys.id });
      return raised.length > 0;
    },
    touch: async (id, lastUsedAt) => {
      await database
        .update(sessions)
        .set({ lastUsedAt })
        .where(and(eq(sessions.id, id), lt(sessions.lastUsedAt, lastUsedAt)));
    },
    delete: async (id) => {
      const gone = await database.delete(sessions).where(eq(sessions.id, id)).returning({ id: sessions.id });
      return gone.length > 0;
    },
    deleteOfUser: async (userId, exceptId) => {
      const others = exceptId === undefined ? undefined : ne(sessions.id, exceptId);
      await database.delete(sessions).where(and(eq(sessions.userId, userId), others));
    },
  };
}

/** Deletes sessions that are over, and keys that have retired, at most `limit` of each; returns how many went. */
export async function deleteExpiredSessions(
  { database, tables: { sessionKeys, sessions } }: Dialect,
  expiry: { now: number; sessionsUsedBefore: number },
  limit: number,
): Promise<number> {
  const isOver = or(lt(sessions.endsAt, expiry.now), lt(sessions.lastUsedAt, expiry.sessionsUsedBefore));
  const hasRetired = lt(sessionKeys.retiresAt, expiry.now);
  const over = database.select({ id: sessions.id }).from(sessions).where(isOver).limit(limit);
  const retired = database.select({ id: sessionKeys.id }).from(sessionKeys).where(hasRetired).limit(limit);
  // The condition once more, for a row that was used while this waited for it.
  const gone = [
    await database
      .delete(sessions)
      .where(and(sql`${sessions.id} in ${over}`, isOver))
      .returning({ id: sessions.id }),
    await database
      .delete(sessionKeys)
      .where(and(sql`${sessionKeys.id} in ${retired}`, hasRetired))
      .returning({ id: sessionKeys.id }),
  ];
  return gone.reduce((count, rows) => count + rows.length, 0);
}
