import { and, asc, count, eq, gt, sql } from 'drizzle-orm';
import type { MessageRow, RoomRow } from '../../core/room-store.ts';
import { openMessageBody } from '../../crypto/message-body.ts';
import { inPages } from '../queries/keyset.ts';
import { range } from './findings.ts';
import type { Dialect } from '../queries/dialect.ts';
import type { Inspection } from './inspection.ts';

/** A room, and what it is called in a sentence. */
export interface NamedRoom {
  readonly room: RoomRow;
  readonly label: string;
}

type CheckedMessage = Omit<MessageRow, 'senderId' | 'sentAt'>;

/** After how many messages it is said how far the check has come. */
const progressStep = 10_000;

/**
 * Prepares the check of a room's messages: numbered from 1 to the room's last without gap or repeat, edits and
 * deletions counted, every text opens. They are read one by one, whatever their number.
 *
 * @param dataKeys the keys that open, by version; a message under another one is not opened
 * @param total how many messages there are in all, to say how far the check has come
 */
export function messageCheck(
  { dialect, findings, onProgress }: Inspection,
  dataKeys: ReadonlyMap<number, Buffer>,
  total: number,
): (room: NamedRoom) => Promise<void> {
  const messagesOf = messageQuery(dialect);
  const sharedRevisionsOf = sharedRevisionQuery(dialect);
  let checked = 0;

  const checkOne = (label: string, message: CheckedMessage): void => {
    const { seq, sealedBody, keyVersion, editedAt, deletedAt, revision } = message;
    const isGone = deletedAt !== null;
    if ((sealedBody === null) !== isGone || (keyVersion === null) !== isGone) {
      findings.add(`Message ${seq} of ${label} is neither there nor deleted.`);
    }
    if ((editedAt !== null || isGone) !== revision > 0) {
      findings.add(
        `Message ${seq} of ${label} has revision ${revision}, which does not fit what was done to it.`,
      );
    }
    const key = keyVersion === null ? undefined : dataKeys.get(keyVersion);
    if (key === undefined || sealedBody === null) return;
    if (openMessageBody(key, message, sealedBody) === null) {
      findings.add(
        `Message ${seq} of ${label} does not open under data key ${keyVersion}: it was altered, or belongs elsewhere.`,
      );
    }
  };

  return async ({ room, label }) => {
    let last = 0;
    let lastRevision = 0;
    for await (const message of messagesOf(room.id)) {
      const { seq } = message;
      if (seq > last + 1) findings.add(`In ${label}, there is no message ${range(last + 1, seq - 1)}.`);
      else if (seq !== last + 1) findings.add(`In ${label}, number ${seq} comes after number ${last}.`);
      checkOne(label, message);
      last = seq;
      lastRevision = Math.max(lastRevision, message.revision);
      checked += 1;
      if (checked % progressStep === 0) onProgress(`${checked} of ${total} messages checked`);
    }
    if (last < room.lastSeq) {
      findings.add(
        `In ${label}, there is no message ${range(last + 1, room.lastSeq)}, the last of the room.`,
      );
    }
    if (last > room.lastSeq) {
      findings.add(
        `In ${label}, there are messages up to ${last}, but it has counted only to ${room.lastSeq}.`,
      );
    }
    if (lastRevision !== room.lastRevision) {
      findings.add(
        `In ${label}, ${room.lastRevision} edits and deletions were counted, but the last one has number ${lastRevision}.`,
      );
    }
    for await (const { revision } of sharedRevisionsOf(room.id)) {
      findings.add(`In ${label}, several messages have the revision ${revision}.`);
    }
  };
}

function messageQuery({
  database,
  prepared,
  tables,
}: Dialect): (roomId: string) => AsyncIterable<CheckedMessage> {
  const { roomId, seq, sealedBody, keyVersion, editedAt, deletedAt, revision } = tables.messages;
  const page = prepared(
    database
      .select({ roomId, seq, sealedBody, keyVersion, editedAt, deletedAt, revision })
      .from(tables.messages)
      .where(and(eq(roomId, sql.placeholder('roomId')), gt(seq, sql.placeholder('after'))))
      .orderBy(asc(seq))
      .limit(sql.placeholder('limit')),
  );
  return (room) =>
    inPages<CheckedMessage>((last, limit) =>
      page.execute({ roomId: room, after: last?.seq ?? Number.MIN_SAFE_INTEGER, limit }),
    );
}

/** The revisions of a room that more than one of its messages has. */
function sharedRevisionQuery({
  database,
  prepared,
  tables,
}: Dialect): (roomId: string) => AsyncIterable<{ revision: number }> {
  const { roomId, revision } = tables.messages;
  const page = prepared(
    database
      .select({ revision })
      .from(tables.messages)
      .where(
        and(eq(roomId, sql.placeholder('roomId')), gt(revision, 0), gt(revision, sql.placeholder('after'))),
      )
      .groupBy(revision)
      .having(gt(count(), 1))
      .orderBy(asc(revision))
      .limit(sql.placeholder('limit')),
  );
  return (room) =>
    inPages<{ revision: number }>((last, limit) =>
      page.execute({ roomId: room, after: last?.revision ?? 0, limit }),
    );
}
