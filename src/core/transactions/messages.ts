import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { sealMessageBody } from '../../crypto/message-body.ts';
import { Refusal } from '../errors.ts';
import type { Pair } from '../live/events.ts';
import type { MessageRow, RoomRow, SeatInRoom } from '../room-store.ts';
import type { DataKeys } from '../rooms/data-keys.ts';
import { permit, refusalOf, relationTo } from '../rooms/permissions.ts';
import { pairOf } from '../rooms/pair.ts';
import type { Transaction, UserRow } from '../store.ts';
import { subject } from '../transaction-subjects.ts';
import { appendAudit } from './audit.ts';
import { type Change, done, presentUser } from './change.ts';
import { type MembershipChange, type RoomReference, admit, roomNamed, standingOf } from './memberships.ts';

/** Where a message goes: to a room, or to one other user. */
export type Destination =
  | { readonly kind: 'room'; readonly room: RoomReference }
  /** `roomId` is for the direct room, should it be the first message between the two. */
  | { readonly kind: 'user'; readonly usernameKey: string; readonly roomId: string };

/** What became of a message: all that is needed to tell the room of it, but its text. */
export interface SentMessage {
  readonly roomId: string;
  readonly roomName: string | null;
  readonly pair: Pair | null;
  readonly seq: number;
  readonly sender: string | null;
  readonly sentAt: number;
  readonly editedAt: number | null;
  readonly deletedAt: number | null;
  readonly revision: number;
  readonly membersVersion: number;
  /** The room's members, when the message has just made it. */
  readonly opened: readonly MembershipChange[];
}

/**
 * Stores a message under the room's next number, together with its `idem`.
 *
 * @throws Refusal `room_unknown`, `user_unknown`, `not_a_member` and its kin
 */
export function sendMessage(keys: AtRestKeys, dataKeys: DataKeys) {
  return async (
    transaction: Transaction,
    input: Change & { userId: string; to: Destination; text: string },
  ): Promise<SentMessage> => {
    const { userId, now, to } = input;
    const atOnce = to.kind === 'room' ? await transaction.rooms.takeSeq(to.room.id, userId) : null;
    const { seat, opened } =
      atOnce === null ? await findSeat(transaction, userId, to, now) : { seat: atOnce, opened: [] };
    const { room, username, readSeq } = seat;
    const { id: roomId, lastSeq: seq } = room;
    const { version, key } = await dataKeys.current(transaction.dataKeys);
    await transaction.messages.insert({
      roomId,
      seq,
      senderId: userId,
      sealedBody: sealMessageBody(key, { roomId, seq, revision: 0 }, input.text),
      keyVersion: version,
      sentAt: now,
      editedAt: null,
      deletedAt: null,
      revision: 0,
    });
    // Who had read everything has read their own words too; who had not, has as much to read as before.
    if (readSeq === seq - 1) await transaction.memberships.raiseReadSeq(roomId, userId, seq);
    return done(transaction, keys, input, {
      roomId,
      roomName: room.name,
      pair: await pairOf(transaction, room),
      seq,
      sender: username,
      sentAt: now,
      editedAt: null,
      deletedAt: null,
      revision: 0,
      membersVersion: room.membersVersion,
      opened,
    });
  };
}

/** What an edit puts in the place of a text: another one, or none. */
export interface Revision extends Change {
  readonly userId: string;
  readonly room: RoomReference;
  readonly seq: number;
  readonly text: string | null;
}

/**
 * Edits a message, or deletes it where the text is null: the number stays.
 *
 * @throws Refusal `message_unknown`, `forbidden` for others' messages unless a moderator asks
 */
export function reviseMessage(keys: AtRestKeys, dataKeys: DataKeys) {
  return async (transaction: Transaction, input: Revision): Promise<SentMessage> => {
    const { userId, now, seq, text } = input;
    const { user, room, membership } = await standingOf(transaction, userId, input.room);
    permit('edit_own', { room, membership }, user.role, now);
    const found = await transaction.messages.find(room.id, seq);
    const visibleAfter = membership?.state === 'member' ? membership.visibleAfter : 0;
    if (found === null || seq <= visibleAfter) throw new Refusal('message_unknown');
    const { message, sender } = found;
    if (message.deletedAt !== null) throw new Refusal('message_unknown', { detail: 'It was deleted' });
    if (message.senderId !== userId) permit('edit_others', { room, membership }, user.role, now);
    const revised = await sealRevision(transaction, dataKeys, room, message, text, now);
    if (message.senderId !== userId) {
      await appendAudit(transaction, keys, now, {
        actor: userId,
        action: text === null ? 'delete message' : 'edit message',
        target: sender ?? message.senderId,
        details: { room: room.name ?? room.id, seq },
      });
    }
    return done(transaction, keys, input, {
      roomId: room.id,
      roomName: room.name,
      pair: await pairOf(transaction, room),
      seq,
      sender,
      sentAt: message.sentAt,
      ...revised,
      membersVersion: room.membersVersion,
      opened: [],
    });
  };
}

/** Remembers how far the user has read; true when that was further than before. */
export function markRead(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: Change & { userId: string; room: RoomReference; seq: number },
  ): Promise<ReadMark> => {
    const { user, room, membership } = await standingOf(transaction, input.userId, input.room);
    permit('mark_read', { room, membership }, 'user', input.now);
    const seq = Math.min(input.seq, room.lastSeq);
    const raised = await transaction.memberships.raiseReadSeq(room.id, user.id, seq);
    return done(transaction, keys, input, {
      roomId: room.id,
      roomName: room.name,
      pair: await pairOf(transaction, room),
      username: user.username,
      seq,
      raised,
      membersVersion: room.membersVersion,
    });
  };
}

export interface ReadMark {
  readonly roomId: string;
  readonly roomName: string | null;
  readonly pair: Pair | null;
  readonly username: string | null;
  readonly seq: number;
  readonly raised: boolean;
  readonly membersVersion: number;
}

async function sealRevision(
  transaction: Transaction,
  dataKeys: DataKeys,
  room: RoomRow,
  message: MessageRow,
  text: string | null,
  now: number,
): Promise<Pick<MessageRow, 'editedAt' | 'deletedAt' | 'revision'>> {
  const revision = await transaction.rooms.takeRevision(room.id);
  const times =
    text === null
      ? { editedAt: message.editedAt, deletedAt: now, revision }
      : { editedAt: now, deletedAt: null, revision };
  if (text === null) {
    await transaction.messages.update(room.id, message.seq, { ...times, sealedBody: null, keyVersion: null });
    return times;
  }
  const { version, key } = await dataKeys.current(transaction.dataKeys);
  const sealedBody = sealMessageBody(key, { roomId: room.id, seq: message.seq, revision }, text);
  await transaction.messages.update(room.id, message.seq, { ...times, sealedBody, keyVersion: version });
  return times;
}

/** Finds the room by whatever it is named, makes the direct room of a first message, or says what is in the way. */
async function findSeat(
  transaction: Transaction,
  userId: string,
  to: Destination,
  now: number,
): Promise<{ seat: SeatInRoom; opened: readonly MembershipChange[] }> {
  const sender = await presentUser(transaction, userId);
  const { room, opened } = await destinationOf(transaction, sender, to, now);
  const seat = await transaction.rooms.takeSeq(room.id, userId);
  if (seat !== null) return { seat, opened };
  const membership = await transaction.memberships.find(room.id, userId);
  // Rights over a room are not a seat in it: an admin who is no member does not speak there.
  throw refusalOf(room, membership, relationTo(room, membership, 'user', now));
}

async function destinationOf(
  transaction: Transaction,
  sender: UserRow,
  to: Destination,
  now: number,
): Promise<{ room: RoomRow; opened: MembershipChange[] }> {
  if (to.kind === 'room') {
    const room = await roomNamed(transaction, to.room);
    await transaction.claim([subject.room(room.id)]);
    return { room, opened: [] };
  }
  const other = await transaction.users.byUsernameKey(to.usernameKey);
  if (other === null) throw new Refusal('user_unknown');
  if (other.id === sender.id) {
    throw new Refusal('invalid_input', { errors: { to: 'nobody writes to themselves' } });
  }
  const pairKey = pairKeyOf(sender.id, other.id);
  const existing = await transaction.rooms.byPairKey(pairKey);
  if (existing !== null) return { room: existing, opened: [] };
  await transaction.claim([subject.pair(pairKey)]);
  const room: RoomRow = {
    id: to.roomId,
    name: null,
    nameKey: null,
    kind: 'direct',
    pairKey,
    openHistory: true,
    joinedByAll: false,
    lastSeq: 0,
    lastRevision: 0,
    members: 0,
    membersVersion: 0,
    createdAt: now,
  };
  await transaction.rooms.insert(room);
  const opened: MembershipChange[] = [];
  for (const user of [sender, other]) {
    opened.push(await admit(transaction, room, user, null, { role: 'member', now }));
  }
  return { room, opened };
}

/** The two users of a direct room, in an order that does not depend on who wrote first. */
export function pairKeyOf(oneId: string, otherId: string): string {
  return [oneId, otherId].sort().join(' ');
}

/** The other of the two. */
export function otherOfPair(pairKey: string, userId: string): string {
  const [one = '', other = ''] = pairKey.split(' ');
  return one === userId ? other : one;
}
