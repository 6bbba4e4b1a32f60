import { and, asc, count, eq, gte, isNull, lte, min } from 'drizzle-orm';
import type { MailWrites } from '../../core/store.ts';
import type { Dialect } from './dialect.ts';

export function mailQueries(dialect: Dialect): MailWrites {
  const { database } = dialect;
  const { mails } = dialect.tables;
  return {
    due: async (now, limit) =>
      database
        .select()
        .from(mails)
        .where(and(isNull(mails.settledAt), lte(mails.nextAttemptAt, now)))
        .orderBy(asc(mails.nextAttemptAt))
        .limit(limit),
    nextAttemptAt: async () => {
      const [next] = await database
        .select({ at: min(mails.nextAttemptAt) })
        .from(mails)
        .where(isNull(mails.settledAt));
      return next?.at ?? null;
    },
    waiting: async () => {
      const [row] = await database.select({ mails: count() }).from(mails).where(isNull(mails.settledAt));
      return row?.mails ?? 0;
    },
    countSince: async (kind, recipientHash, since) => {
      const [row] = await database
        .select({ mails: count() })
        .from(mails)
        .where(
          and(eq(mails.kind, kind), eq(mails.recipientHash, recipientHash), gte(mails.createdAt, since)),
        );
      return row?.mails ?? 0;
    },
    insert: async (row) => {
      await database.insert(mails).values(row);
    },
    postpone: async (id, attempts, nextAttemptAt) => {
      await database.update(mails).set({ attempts, nextAttemptAt }).where(eq(mails.id, id));
    },
    lease: async (id, now, until) => {
      const leased = await database
        .update(mails)
        .set({ nextAttemptAt: until })
        .where(and(eq(mails.id, id), isNull(mails.settledAt), lte(mails.nextAttemptAt, now)))
        .returning({ id: mails.id });
      return leased.length > 0;
    },
    settle: async (id, settledAt) => {
      await database
        .update(mails)
        .set({ settledAt, sealedContent: Buffer.alloc(0) })
        .where(eq(mails.id, id));
    },
  };
}
