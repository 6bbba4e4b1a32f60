import { and, asc, count, eq, gt, sql } from 'drizzle-orm';
import type { Dialect } from '../queries/dialect.ts';
import { inPages } from '../queries/keyset.ts';
import { counted } from './findings.ts';
import type { Inspection } from './inspection.ts';
import type { NamedRoom } from './message-checks.ts';

interface Ahead {
  readonly userId: string;
  readonly username: string | null;
}

/** Prepares the check of a room's members: as many as were counted, and none of them beyond the last message. */
export function memberCheck({ dialect, findings }: Inspection): (room: NamedRoom) => Promise<void> {
  const membersOf = memberCount(dialect);
  const aheadIn = aheadQuery(dialect);
  return async ({ room, label }) => {
    const members = await membersOf(room.id);
    if (members !== room.members) {
      findings.add(`In ${label}, there are ${counted(members, 'member')}, but ${room.members} were counted.`);
    }
    for await (const { username, userId } of aheadIn(room.id, room.lastSeq)) {
      findings.add(
        `In ${label}, ${username ?? userId} has read further than message ${room.lastSeq}, the last.`,
      );
    }
  };
}

function memberCount({ database, prepared, tables }: Dialect): (roomId: string) => Promise<number> {
  const { roomId, state } = tables.memberships;
  const ofRoom = prepared(
    database
      .select({ members: count() })
      .from(tables.memberships)
      .where(and(eq(roomId, sql.placeholder('roomId')), eq(state, 'member'))),
  );
  return async (room) => (await ofRoom.execute({ roomId: room }))[0]?.members ?? 0;
}

function aheadQuery({
  database,
  prepared,
  tables,
  greatest,
}: Dialect): (roomId: string, lastSeq: number) => AsyncIterable<Ahead> {
  const { roomId, userId, readSeq, visibleAfter } = tables.memberships;
  const { users } = tables;
  const page = prepared(
    database
      .select({ userId, username: users.username })
      .from(tables.memberships)
      .leftJoin(users, eq(users.id, userId))
      .where(
        and(
          eq(roomId, sql.placeholder('roomId')),
          gt(greatest(readSeq, visibleAfter), sql.placeholder('lastSeq')),
          gt(userId, sql.placeholder('after')),
        ),
      )
      .orderBy(asc(userId))
      .limit(sql.placeholder('limit')),
  );
  return (room, lastSeq) =>
    inPages<Ahead>((last, limit) =>
      page.execute({ roomId: room, lastSeq, after: last?.userId ?? '', limit }),
    );
}
