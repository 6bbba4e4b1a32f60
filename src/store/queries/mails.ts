import { and, asc, count, eq, gte, isNull, lte, min } from 'drizzle-orm';
import type { MailWrites } from '../../core/store.ts';
import type { Database } from '../sqlite/database.ts';
import { mails } from '../sqlite/schema.ts';

export function mailQueries(database: Database): MailWrites {
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
    settle: async (id, settledAt) => {
      await database
        .update(mails)
        .set({ settledAt, sealedContent: Buffer.alloc(0) })
        .where(eq(mails.id, id));
    },
  };
}
