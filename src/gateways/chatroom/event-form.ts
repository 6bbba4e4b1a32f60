import { guestMark } from '../../core/accounts/guests.ts';
import type { WireForm } from '../../core/live/connection.ts';
import { type LiveEvent, deletedUser } from '../../core/live/events.ts';
import { words } from './words.ts';

/** The room everyone is in. */
export const onlyRoom = 'Général';
/** Who says what an admin says to all: no username holds a space. */
const administration = 'the server';

/** An event in this protocol. */
export interface Told {
  readonly bytes: Buffer;
  /** Whose own connections are not told; null: nobody's. */
  readonly except: string | null;
  /** After it there is nothing more to be told. */
  readonly isLast: boolean;
}

/**
 * How `chatroom` writes events: what happens in the one room, and who comes and goes.
 *
 * A guest is in the room for as long as they are there, so that they come and go with their membership; when it ends
 * nobody shares a room with them any more who could be told of their presence.
 */
export const chatroomForm: WireForm<Told> = {
  encode: (event) => {
    switch (event.kind) {
      case 'message':
        return event.roomName === onlyRoom ? message(event) : null;
      case 'typing':
        return event.roomName === onlyRoom
          ? told(words.typing(shownName(event.username), event.typing), event.username)
          : null;
      case 'presence':
        return isGuest(event.username) ? null : told(words.userNotification(event.username, event.online));
      case 'member_joined':
      case 'member_left':
        return event.roomName === onlyRoom && event.username !== null && isGuest(event.username)
          ? told(words.userNotification(shownName(event.username), event.kind === 'member_joined'))
          : null;
      case 'room_changed':
        return event.roomName === onlyRoom ? wordFor(event.state) : null;
      case 'kicked':
      case 'banned':
        return lastWord;
      case 'notice':
        return told(words.message(administration, event.text));
      // The end of the connection says it, in its own words where it has any.
      case 'killed':
      case 'shutdown':
      case 'message_read':
        return null;
    }
  },
};

/** Whoever is no member of the only room any more is told so alone, and has nowhere else to be. */
function wordFor(state: (LiveEvent & { kind: 'room_changed' })['state']): Told | null {
  if (state === 'removed' || state === 'banned') return lastWord;
  // They left by another way in, or their account is gone.
  return state === 'none' ? { ...lastWord, bytes: Buffer.alloc(0) } : null;
}

const lastWord: Told = { bytes: words.banned, except: null, isLast: true };

/** A name as this protocol shows it: it knows guests. */
export function shownName(username: string): string {
  return isGuest(username) ? username.slice(0, -guestMark.length) : username;
}

function isGuest(username: string): boolean {
  return username.endsWith(guestMark);
}

/** These clients know no edits, and have no use for a message that is gone. */
function message(event: LiveEvent & { kind: 'message' }): Told | null {
  if (event.text === null || event.editedAt !== null) return null;
  const name = shownName(event.sender ?? deletedUser);
  const bytes = words.message(name, event.text);
  // They show that somebody types until they hear that this is over.
  return told(event.wasTyping === true ? Buffer.concat([bytes, words.typing(name, false)]) : bytes);
}

function told(bytes: Buffer, except: string | null = null): Told {
  return { bytes, except, isLast: false };
}
