import { and, asc, eq, getTableColumns, gt, inArray, sql } from 'drizzle-orm';
import type { RoomRow, RoomWrites } from '../../core/room-store.ts';
import type { Dialect } from './dialect.ts';
import { reportingConflicts } from './conflicts.ts';
import { firstOrNull } from './rows.ts';

export function roomQueries(dialect: Dialect): RoomWrites {
  const { database, prepared } = dialect;
  const { memberships, messages, rooms, users } = dialect.tables;
  const byId = prepared(
    database
      .select()
      .from(rooms)
      .where(eq(rooms.id, sql.placeholder('id'))),
  );
  const byNameKey = prepared(
    database
      .select()
      .from(rooms)
      .where(eq(rooms.nameKey, sql.placeholder('nameKey'))),
  );
  const byPairKey = prepared(
    database
      .select()
      .from(rooms)
      .where(eq(rooms.pairKey, sql.placeholder('pairKey'))),
  );
  const listed = prepared(
    database
      .select()
      .from(rooms)
      .where(inArray(rooms.kind, ['open', 'approval']))
      .orderBy(asc(rooms.nameKey)),
  );
  const ofUser = prepared(
    database
      .select({ room: rooms, membership: memberships })
      .from(memberships)
      .innerJoin(rooms, eq(rooms.id, memberships.roomId))
      .where(eq(memberships.userId, sql.placeholder('userId'))),
  );
  const userId = sql.placeholder('userId');
  const seat = sql`from ${memberships} where ${memberships.roomId} = ${rooms.id}
    and ${memberships.userId} = ${userId} and ${memberships.state} = 'member'`;
  const takeSeq = prepared(
    database
      .update(rooms)
      .set({ lastSeq: sql`${rooms.lastSeq} + 1` })
      .where(and(eq(rooms.id, sql.placeholder('id')), sql`exists (select 1 ${seat})`))
      .returning({
        ...getTableColumns(rooms),
        username: sql<string | null>`(select ${users.username} from ${users} where ${users.id} = ${userId})`,
        readSeq: sql`(select ${memberships.readSeq} ${seat})`.mapWith(memberships.readSeq),
      }),
  );
  return {
    byId: async (id) => firstOrNull(await byId.execute({ id })),
    // No name holds U+0000, which PostgreSQL would not take.
    byNameKey: async (nameKey) =>
      nameKey.includes('\0') ? null : firstOrNull(await byNameKey.execute({ nameKey })),
    byPairKey: async (pairKey) => firstOrNull(await byPairKey.execute({ pairKey })),
    listed: async () => listed.execute(),
    joinedByAll: async () =>
      database
        .select()
        .from(rooms)
        .where(and(inArray(rooms.kind, ['open', 'approval']), eq(rooms.joinedByAll, true)))
        .orderBy(asc(rooms.id)),
    ofUser: async (userId) => ofUser.execute({ userId }),
    pairsLastSpoken: async (userId, limit) => {
      const spokenAt = sql`(select ${messages.sentAt} from ${messages}
        where ${messages.roomId} = ${rooms.id} and ${messages.seq} = ${rooms.lastSeq})`;
      const pairs = await database
        .select({ pairKey: rooms.pairKey })
        .from(memberships)
        .innerJoin(rooms, eq(rooms.id, memberships.roomId))
        .where(and(eq(memberships.userId, userId), eq(rooms.kind, 'direct')))
        .orderBy(sql`${spokenAt} desc nulls last`)
        .limit(limit);
      return pairs.flatMap(({ pairKey }) => (pairKey === null ? [] : [pairKey]));
    },
    idsAfter: async (id, limit) => {
      const after = await database
        .select({ id: rooms.id })
        .from(rooms)
        .where(gt(rooms.id, id))
        .orderBy(asc(rooms.id))
        .limit(limit);
      return after.map((room) => room.id);
    },
    positions: async (ids) =>
      database
        .select({
          id: rooms.id,
          lastSeq: rooms.lastSeq,
          lastRevision: rooms.lastRevision,
          membersVersion: rooms.membersVersion,
        })
        .from(rooms)
        .where(inArray(rooms.id, [...ids])),
    insert: async (row) => {
      await reportingConflicts(async () => database.insert(rooms).values(row));
    },
    takeSeq: async (id, member) => {
      const [taken] = await takeSeq.execute({ id, userId: member });
      if (taken === undefined) return null;
      const { username, readSeq, ...room } = taken;
      return { room, username, readSeq };
    },
    takeRevision: async (id) => {
      const changed = await database
        .update(rooms)
        .set({ lastRevision: sql`${rooms.lastRevision} + 1` })
        .where(eq(rooms.id, id))
        .returning();
      return present(changed).lastRevision;
    },
    countMembers: async (id, difference) =>
      present(
        await database
          .update(rooms)
          .set({
            members: sql`${rooms.members} + ${difference}`,
            membersVersion: sql`${rooms.membersVersion} + 1`,
          })
          .where(eq(rooms.id, id))
          .returning(),
      ),
    delete: async (id) => {
      await database.delete(rooms).where(eq(rooms.id, id));
    },
  };
}

function present(changed: readonly RoomRow[]): RoomRow {
  const [room] = changed;
  if (room === undefined) throw new Error('there is no such room');
  return room;
}
