import { guestMark } from '../../core/accounts/guests.ts';
import type { WireForm } from '../../core/live/connection.ts';
import { type LiveEvent, deletedUser } from '../../core/live/events.ts';
import { defaultRooms } from '../../core/transactions/first-start.ts';
import { answerFrame } from './text-frame.ts';

/** An event as a connection takes it; which of its own user's doings it passes on, the connection decides. */
export type ChateauEvent =
  | { readonly kind: 'message'; readonly by: string | null; readonly subject: string; readonly frame: Buffer }
  /** Somebody is in a chat from now on: for themselves alone. */
  | { readonly kind: 'entered'; readonly by: string | null; readonly subject: string; readonly frame: Buffer }
  | { readonly kind: 'kept-out'; readonly reason: string };

const roomOfAll = defaultRooms.find(({ joinedByAll }) => joinedByAll)?.name ?? '';

/** How events are written for these clients. They have no word for edits, typing, presence and the like. */
export const chateauForm: WireForm<ChateauEvent> = {
  encode: (event, other) => {
    switch (event.kind) {
      case 'message':
        return encodeMessage(event, other);
      case 'member_joined': {
        // Who registers is in it: that is no chat that somebody has put them into, and may be told any time after.
        if (event.roomName === roomOfAll) return null;
        const chatname = event.roomName ?? '';
        const frame = answerFrame({ type: 'GroupMessageInitResponse', status: 201, chatname });
        return { kind: 'entered', by: event.username, subject: entryOf(event.roomId), frame };
      }
      case 'kicked':
      case 'banned':
      case 'killed':
        return { kind: 'kept-out', reason: `${event.kind}: ${event.reason}` };
      default:
        return null;
    }
  },
};

function encodeMessage(
  event: LiveEvent & { readonly kind: 'message' },
  other: string | null,
): ChateauEvent | null {
  if (event.text === null || event.revision > 0) return null;
  const { roomId, roomName, seq, sender, text, atRandom } = event;
  const frame = answerFrame({
    type: atRandom === true ? 'MessageRecv' : 'GroupMessageRecv',
    status: seq === 1 && atRandom !== true ? 201 : 200,
    sender: shownName(sender ?? deletedUser),
    chatname: other === null ? (roomName ?? '') : shownName(other),
    content: text,
  });
  return { kind: 'message', by: sender, subject: messageOf(roomId, seq), frame };
}

/** What an event is about, to tell what a connection has just done itself from what others do. */
export function messageOf(roomId: string, seq: number): string {
  return `${roomId} ${seq}`;
}

/** The same, for the beginning of a membership. */
export function entryOf(roomId: string): string {
  return `${roomId} entered`;
}

/** A name as these clients know it: they know guests, and call everybody by what they registered as. */
export function shownName(username: string): string {
  return username.endsWith(guestMark) ? username.slice(0, -guestMark.length) : username;
}
