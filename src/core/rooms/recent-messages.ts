import { type Pair, deletedUser } from '../live/events.ts';
import type { MessageRow } from '../room-store.ts';
import type { Reader } from '../store.ts';
import type { DataKeys } from './data-keys.ts';
import { pairOf } from './pair.ts';

/** A message of any room, for an admin. Times are milliseconds since 1970 UTC. */
export interface RecentMessage {
  readonly roomId: string;
  /** Null for a direct room. */
  readonly roomName: string | null;
  /** The two of a direct room; else null. */
  readonly pair: Pair | null;
  readonly seq: number;
  readonly sender: string;
  /** Null once deleted, and for what does not open. */
  readonly text: string | null;
  readonly state: 'sent' | 'edited' | 'deleted' | 'does not open';
  readonly sentAt: number;
}

/** What was said in all rooms since a time, oldest first; with `hasMore` when it is more than the limit. */
export function recentMessages({ read, dataKeys }: { read: Reader; dataKeys: DataKeys }) {
  return async (since: number, limit: number): Promise<{ messages: RecentMessage[]; hasMore: boolean }> => {
    const rows = await read.messages.since(since, limit + 1);
    const pairs = new Map<string, Pair | null>();
    const messages: RecentMessage[] = [];
    for (const { message, sender, roomName } of rows.slice(0, limit)) {
      const { roomId, seq, sentAt } = message;
      if (roomName === null && !pairs.has(roomId)) {
        const room = await read.rooms.byId(roomId);
        pairs.set(roomId, room === null ? null : await pairOf(read, room));
      }
      const opened = await open(read, dataKeys, message);
      const pair = pairs.get(roomId) ?? null;
      messages.push({ roomId, roomName, pair, seq, sender: sender ?? deletedUser, sentAt, ...opened });
    }
    return { messages, hasMore: rows.length > limit };
  };
}

async function open(
  read: Reader,
  dataKeys: DataKeys,
  row: MessageRow,
): Promise<Pick<RecentMessage, 'text' | 'state'>> {
  const first = await attempt(read, dataKeys, row);
  if (first !== null) return first;
  // One that was sealed anew since it was read may hang on a key that is gone: then it is read again.
  const again = await read.messages.find(row.roomId, row.seq);
  const second = again === null ? null : await attempt(read, dataKeys, again.message);
  return second ?? { text: null, state: 'does not open' };
}

async function attempt(
  read: Reader,
  dataKeys: DataKeys,
  message: MessageRow,
): Promise<Pick<RecentMessage, 'text' | 'state'> | null> {
  try {
    const text = await dataKeys.textOf(read.dataKeys, message);
    return { text, state: text === null ? 'deleted' : message.editedAt === null ? 'sent' : 'edited' };
  } catch {
    return null;
  }
}
