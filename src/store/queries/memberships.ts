import { and, asc, eq, gt, gte, inArray, isNull, lt, or, sql } from 'drizzle-orm';
import type { MembershipWrites } from '../../core/room-store.ts';
import type { Dialect } from './dialect.ts';
import { firstOrNull } from './rows.ts';

export function membershipQueries(dialect: Dialect): MembershipWrites {
  const { database, prepared } = dialect;
  const { memberships, users } = dialect.tables;
  const one = and(
    eq(memberships.roomId, sql.placeholder('roomId')),
    eq(memberships.userId, sql.placeholder('userId')),
  );
  const find = prepared(database.select().from(memberships).where(one));
  const raiseReadSeq = prepared(
    database
      .update(memberships)
      .set({ readSeq: sql`${sql.placeholder('seq')}` })
      .where(and(one, lt(memberships.readSeq, sql.placeholder('seq'))))
      .returning({ userId: memberships.userId }),
  );
  return {
    find: async (roomId, userId) => firstOrNull(await find.execute({ roomId, userId })),
    membersAmong: async (roomId, userIds) =>
      database
        .select()
        .from(memberships)
        .where(
          and(
            eq(memberships.roomId, roomId),
            inArray(memberships.userId, [...userIds]),
            eq(memberships.state, 'member'),
          ),
        ),
    ofRoom: async (roomId, { states, after, limit }) =>
      database
        .select({ membership: memberships, username: users.username })
        .from(memberships)
        .innerJoin(users, eq(users.id, memberships.userId))
        .where(
          and(
            eq(memberships.roomId, roomId),
            gt(memberships.userId, after),
            inArray(memberships.state, [...states]),
          ),
        )
        .orderBy(asc(memberships.userId))
        .limit(limit),
    changedSince: async (time, after, limit) => {
      const { since, roomId, userId } = memberships;
      const beyond =
        after === null
          ? undefined
          : or(
              gt(since, after.since),
              and(eq(since, after.since), gt(roomId, after.roomId)),
              and(eq(since, after.since), eq(roomId, after.roomId), gt(userId, after.userId)),
            );
      return database
        .select()
        .from(memberships)
        .where(and(gte(since, Math.max(time, after?.since ?? time)), beyond))
        .orderBy(asc(since), asc(roomId), asc(userId))
        .limit(limit);
    },
    inRole: async (roomId, role, limit) =>
      database
        .select()
        .from(memberships)
        .where(
          and(
            eq(memberships.roomId, roomId),
            eq(memberships.role, role),
            eq(memberships.state, 'member'),
            isNull(memberships.until),
          ),
        )
        .orderBy(asc(memberships.since))
        .limit(limit),
    put: async (row) => {
      const { roomId: _room, userId: _user, ...changes } = row;
      await database
        .insert(memberships)
        .values(row)
        .onConflictDoUpdate({ target: [memberships.roomId, memberships.userId], set: changes });
    },
    delete: async (roomId, userId) => {
      await database
        .delete(memberships)
        .where(and(eq(memberships.roomId, roomId), eq(memberships.userId, userId)));
    },
    raiseReadSeq: async (roomId, userId, seq) =>
      (await raiseReadSeq.execute({ roomId, userId, seq })).length > 0,
  };
}
