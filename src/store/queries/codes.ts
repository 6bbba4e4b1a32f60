import { and, eq, gt, isNotNull, isNull, sql } from 'drizzle-orm';
import type { CodePurpose, CodeWrites } from '../../core/store.ts';
import type { Dialect } from './dialect.ts';
import { firstOrNull } from './rows.ts';

export function codeQueries(dialect: Dialect): CodeWrites {
  const { database } = dialect;
  const { codes } = dialect.tables;
  const of = (purpose: CodePurpose, subject: string) =>
    and(eq(codes.purpose, purpose), eq(codes.subject, subject));
  return {
    find: async (purpose, subject) =>
      firstOrNull(await database.select().from(codes).where(of(purpose, subject))),
    put: async (row) => {
      await database
        .insert(codes)
        .values(row)
        .onConflictDoUpdate({ target: [codes.purpose, codes.subject], set: row });
    },
    spendAttempt: async (purpose, subject, now) =>
      firstOrNull(
        await database
          .update(codes)
          .set({ attemptsLeft: sql`${codes.attemptsLeft} - 1` })
          .where(
            and(
              of(purpose, subject),
              isNull(codes.confirmedAt),
              gt(codes.attemptsLeft, 0),
              gt(codes.expiresAt, now),
            ),
          )
          .returning(),
      ),
    confirm: async (purpose, subject, codeHash, now, expiresAt) => {
      const confirmed = await database
        .update(codes)
        .set({ confirmedAt: now, expiresAt })
        .where(
          and(
            of(purpose, subject),
            eq(codes.codeHash, codeHash),
            isNull(codes.confirmedAt),
            gt(codes.expiresAt, now),
          ),
        )
        .returning({ subject: codes.subject });
      return confirmed.length > 0;
    },
    takeConfirmed: async (purpose, subject, now) =>
      firstOrNull(
        await database
          .delete(codes)
          .where(and(of(purpose, subject), isNotNull(codes.confirmedAt), gt(codes.expiresAt, now)))
          .returning(),
      ),
    deleteOfUser: async (userId) => {
      await database.delete(codes).where(eq(codes.userId, userId));
    },
  };
}
