import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import type { Clock } from '../clock.ts';
import { Refusal, invalidField } from '../errors.ts';
import type { MessageView, Pair } from '../live/events.ts';
import { readUsername } from '../names/username.ts';
import type { MembershipRow, NamedMessage, RoomRow } from '../room-store.ts';
import type { Reader } from '../store.ts';
import { pairKeyOf } from '../transactions/messages.ts';
import type { DataKeys } from './data-keys.ts';
import { permit } from './permissions.ts';
import { pairOf } from './pair.ts';
import { findRoom, presentReader } from './places.ts';

/** Which part of a room's messages is wanted. */
export interface HistoryQuery {
  readonly place: { readonly room: string } | { readonly with: string };
  readonly afterSeq: number | null;
  readonly beforeSeq: number | null;
  /** Instead of the two: messages edited or deleted since the room's count of that stood here. */
  readonly afterRevision: number | null;
  readonly limit: number;
}

export interface HistoryPage {
  readonly messages: readonly MessageView[];
  /** Whether there are more in the direction that was asked for. */
  readonly hasMore: boolean;
}

/** Most messages in one page. */
export const maxPage = 200;
/** A page ends early rather than hold more text than this, in UTF-16 units. */
const maxPageText = 1024 * 1024;

const nobodyYet: HistoryPage = { messages: [], hasMore: false };

/**
 * A page of a room's messages, ascending: after a number, or before one, or, with neither, the newest.
 *
 * @throws Refusal `room_unknown`, `user_unknown`, `not_a_member` and its kin, `invalid_input`
 */
export function listMessages({ read, dataKeys, clock }: { read: Reader; dataKeys: DataKeys; clock: Clock }) {
  return async (caller: Caller, query: HistoryQuery): Promise<HistoryPage> => {
    const user = await presentReader(read, userIdOf(caller));
    const room = await roomOf(read, user.id, query.place);
    if (room === null) return nobodyYet;
    const membership = await read.memberships.find(room.id, user.id);
    permit('read', { room, membership }, user.role, clock.now());
    const found = await select(read, room, membership, query);
    return present(read, dataKeys, room, found);
  };
}

async function roomOf(read: Reader, userId: string, place: HistoryQuery['place']): Promise<RoomRow | null> {
  if ('room' in place) return findRoom(read, place.room);
  const name = readUsername(place.with);
  if (!name.ok) throw invalidField('with', name.problem);
  const other = await read.users.byUsernameKey(name.key);
  if (other === null) throw new Refusal('user_unknown');
  return read.rooms.byPairKey(pairKeyOf(userId, other.id));
}

interface Found {
  readonly rows: NamedMessage[];
  readonly hasMore: boolean;
  /** Whether a page that is cut short keeps its end rather than its beginning. */
  readonly newestFirst: boolean;
}

async function select(
  read: Reader,
  room: RoomRow,
  membership: MembershipRow | null,
  query: HistoryQuery,
): Promise<Found> {
  // An admin who is no member reads what the room would show to a new one.
  const visibleAfter =
    membership?.state === 'member' ? membership.visibleAfter : room.openHistory ? 0 : room.lastSeq;
  const limit = Math.min(maxPage, Math.max(1, query.limit));
  if (query.afterRevision !== null) {
    const rows = await read.messages.revisedAfter(room.id, query.afterRevision, visibleAfter, limit + 1);
    return { rows: rows.slice(0, limit), hasMore: rows.length > limit, newestFirst: false };
  }
  const before = query.beforeSeq ?? Number.MAX_SAFE_INTEGER;
  if (query.afterSeq === null) {
    const rows = await read.messages.before(room.id, before, visibleAfter, limit + 1);
    return { rows: rows.slice(-limit), hasMore: rows.length > limit, newestFirst: true };
  }
  const after = Math.max(query.afterSeq, visibleAfter);
  const rows = await read.messages.after(room.id, after, limit + 1);
  const inside = rows.filter(({ message }) => message.seq < before);
  return { rows: inside.slice(0, limit), hasMore: inside.length > limit, newestFirst: false };
}

async function present(read: Reader, dataKeys: DataKeys, room: RoomRow, found: Found): Promise<HistoryPage> {
  const pair = await pairOf(read, room);
  const rows = found.newestFirst ? found.rows.toReversed() : found.rows;
  const messages: MessageView[] = [];
  let text = 0;
  for (const row of rows) {
    const view = await viewOf(read, dataKeys, room, pair, row);
    text += view.text?.length ?? 0;
    if (text > maxPageText && messages.length > 0) break;
    messages.push(view);
  }
  const hasMore = found.hasMore || messages.length < rows.length;
  return { messages: found.newestFirst ? messages.reverse() : messages, hasMore };
}

/** One stored message, opened. */
export async function viewOf(
  read: Reader,
  dataKeys: DataKeys,
  room: Pick<RoomRow, 'id' | 'name'>,
  pair: Pair | null,
  { message: found, sender }: NamedMessage,
): Promise<MessageView> {
  const { message, text } = await dataKeys.readAndOpen(read, found);
  const { seq, sentAt, editedAt, deletedAt, revision } = message;
  return {
    roomId: room.id,
    roomName: room.name,
    pair,
    seq,
    sender,
    text,
    sentAt,
    editedAt,
    deletedAt,
    revision,
  };
}
