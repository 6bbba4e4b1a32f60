import { and, asc, between, desc, eq, gt, gte, isNull, isNotNull, lt, max, or } from 'drizzle-orm';
import type { AuditWrites, BanWrites, SeenAddressWrites } from '../../core/moderation-store.ts';
import type { Dialect } from './dialect.ts';
import { firstOrNull } from './rows.ts';

export function banQueries(dialect: Dialect): BanWrites {
  const { database } = dialect;
  const { bans } = dialect.tables;
  return {
    inForce: async (now) =>
      database
        .select()
        .from(bans)
        .where(and(isNull(bans.liftedAt), or(isNull(bans.until), gt(bans.until, now)))),
    find: async (id) => firstOrNull(await database.select().from(bans).where(eq(bans.id, id))),
    insert: async (row) => {
      await database.insert(bans).values(row);
    },
    setLifted: async (id, liftedAt) => {
      await database.update(bans).set({ liftedAt }).where(eq(bans.id, id));
    },
  };
}

export function auditQueries(dialect: Dialect): AuditWrites {
  const { database } = dialect;
  const { audit } = dialect.tables;
  return {
    last: async () => firstOrNull(await database.select().from(audit).orderBy(desc(audit.seq)).limit(1)),
    after: async (seq, limit) =>
      database.select().from(audit).where(gt(audit.seq, seq)).orderBy(asc(audit.seq)).limit(limit),
    before: async (seq, limit) =>
      database.select().from(audit).where(lt(audit.seq, seq)).orderBy(desc(audit.seq)).limit(limit),
    append: async (row) => {
      await database.insert(audit).values(row);
    },
  };
}

export function seenAddressQueries(dialect: Dialect): SeenAddressWrites {
  const { database } = dialect;
  const { seenAddresses, users } = dialect.tables;
  return {
    ofUser: async (userId) =>
      database
        .select()
        .from(seenAddresses)
        .where(eq(seenAddresses.userId, userId))
        .orderBy(desc(seenAddresses.seenAt)),
    usersBetween: async (first, last, since, limit) => {
      const latest = max(seenAddresses.seenAt);
      const rows = await database
        .select({ username: users.username, latest })
        .from(seenAddresses)
        .innerJoin(users, eq(users.id, seenAddresses.userId))
        .where(
          and(
            between(seenAddresses.addressKey, first, last),
            gte(seenAddresses.seenAt, since),
            isNotNull(users.username),
          ),
        )
        .groupBy(users.id)
        .orderBy(desc(latest))
        .limit(limit);
      return rows.flatMap(({ username }) => username ?? []);
    },
    put: async (row) => {
      await database
        .insert(seenAddresses)
        .values(row)
        .onConflictDoUpdate({
          target: [seenAddresses.userId, seenAddresses.addressKey],
          set: { seenAt: row.seenAt },
        });
    },
    deleteOfUser: async (userId) => {
      await database.delete(seenAddresses).where(eq(seenAddresses.userId, userId));
    },
  };
}
