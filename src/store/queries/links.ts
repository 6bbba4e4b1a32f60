import { and, asc, eq, gt, isNull } from 'drizzle-orm';
import type { LinkWrites } from '../../core/link-store.ts';
import type { Dialect } from './dialect.ts';
import { firstOrNull } from './rows.ts';

export function linkQueries(dialect: Dialect): LinkWrites {
  const { database } = dialect;
  const { links } = dialect.tables;
  return {
    find: async (tokenHash) =>
      firstOrNull(await database.select().from(links).where(eq(links.tokenHash, tokenHash))),
    ofUser: async (userId) =>
      database.select().from(links).where(eq(links.userId, userId)).orderBy(asc(links.expiresAt)),
    insert: async (row) => {
      await database.insert(links).values(row);
    },
    use: async (tokenHash, now) =>
      firstOrNull(
        await database
          .update(links)
          .set({ endedAt: now })
          .where(and(eq(links.tokenHash, tokenHash), isNull(links.endedAt), gt(links.expiresAt, now)))
          .returning(),
      ),
    endOfUser: async (userId, now, purpose) => {
      const ofPurpose = purpose === null ? undefined : eq(links.purpose, purpose);
      await database
        .update(links)
        .set({ endedAt: now })
        .where(and(eq(links.userId, userId), isNull(links.endedAt), ofPurpose));
    },
    deleteOfUser: async (userId) => {
      await database.delete(links).where(eq(links.userId, userId));
    },
  };
}
