import { and, asc, desc, eq, gt, gte, lt, or, sql } from 'drizzle-orm';
import type { DataKeyWrites, MessageWrites } from '../../core/room-store.ts';
import type { Dialect } from './dialect.ts';
import { firstOrNull } from './rows.ts';

export function messageQueries(dialect: Dialect): MessageWrites {
  const { database, prepared } = dialect;
  const { messages, rooms, users } = dialect.tables;
  const inRoom = eq(messages.roomId, sql.placeholder('roomId'));
  const named = { message: messages, sender: users.username };
  const select = () =>
    database.select(named).from(messages).innerJoin(users, eq(users.id, messages.senderId));
  const find = prepared(select().where(and(inRoom, eq(messages.seq, sql.placeholder('seq')))));
  const after = prepared(
    select()
      .where(and(inRoom, gt(messages.seq, sql.placeholder('afterSeq'))))
      .orderBy(asc(messages.seq))
      .limit(sql.placeholder('limit')),
  );
  const before = prepared(
    select()
      .where(
        and(
          inRoom,
          lt(messages.seq, sql.placeholder('beforeSeq')),
          gt(messages.seq, sql.placeholder('afterSeq')),
        ),
      )
      .orderBy(desc(messages.seq))
      .limit(sql.placeholder('limit')),
  );
  const insert = prepared(
    database.insert(messages).values({
      roomId: sql.placeholder('roomId'),
      seq: sql.placeholder('seq'),
      senderId: sql.placeholder('senderId'),
      sealedBody: sql.placeholder('sealedBody'),
      keyVersion: sql.placeholder('keyVersion'),
      sentAt: sql.placeholder('sentAt'),
      editedAt: sql.placeholder('editedAt'),
      deletedAt: sql.placeholder('deletedAt'),
      revision: sql.placeholder('revision'),
    }),
  );
  return {
    find: async (roomId, seq) => firstOrNull(await find.execute({ roomId, seq })),
    after: async (roomId, afterSeq, limit) => after.execute({ roomId, afterSeq, limit }),
    before: async (roomId, beforeSeq, afterSeq, limit) =>
      (await before.execute({ roomId, beforeSeq, afterSeq, limit })).reverse(),
    revisedAfter: async (roomId, revision, afterSeq, limit) =>
      select()
        .where(
          and(
            eq(messages.roomId, roomId),
            gt(messages.revision, Math.max(0, revision)),
            gt(messages.revision, 0),
            gt(messages.seq, afterSeq),
          ),
        )
        .orderBy(asc(messages.revision))
        .limit(limit),
    ofSender: async (senderId, place, limit) =>
      database
        .select()
        .from(messages)
        .where(
          and(
            eq(messages.senderId, senderId),
            or(
              gt(messages.roomId, place.roomId),
              and(eq(messages.roomId, place.roomId), gt(messages.seq, place.seq)),
            ),
          ),
        )
        .orderBy(asc(messages.roomId), asc(messages.seq))
        .limit(limit),
    underKey: async (version, limit) =>
      database.select().from(messages).where(eq(messages.keyVersion, version)).limit(limit),
    since: async (time, limit) =>
      database
        .select({ ...named, roomName: rooms.name })
        .from(messages)
        .innerJoin(users, eq(users.id, messages.senderId))
        .innerJoin(rooms, eq(rooms.id, messages.roomId))
        .where(gte(messages.sentAt, time))
        .orderBy(asc(messages.sentAt), asc(messages.roomId), asc(messages.seq))
        .limit(limit),
    insert: async (row) => {
      await insert.execute({ ...row });
    },
    update: async (roomId, seq, changes) => {
      await database
        .update(messages)
        .set(changes)
        .where(and(eq(messages.roomId, roomId), eq(messages.seq, seq)));
    },
  };
}

export function dataKeyQueries(dialect: Dialect): DataKeyWrites {
  const { database, prepared } = dialect;
  const { dataKeys } = dialect.tables;
  const newest = prepared(database.select().from(dataKeys).orderBy(desc(dataKeys.version)).limit(1));
  return {
    newest: async () => firstOrNull(await newest.execute()),
    all: async () => database.select().from(dataKeys).orderBy(asc(dataKeys.version)),
    find: async (version) =>
      firstOrNull(await database.select().from(dataKeys).where(eq(dataKeys.version, version))),
    insert: async (row) => {
      await database.insert(dataKeys).values(row);
    },
    retire: async (version, at) => {
      await database
        .update(dataKeys)
        .set({ sealedKey: null, retiredAt: at })
        .where(eq(dataKeys.version, version));
    },
  };
}
