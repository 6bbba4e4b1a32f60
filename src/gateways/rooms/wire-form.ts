import type { WireForm } from '../../core/live/connection.ts';
import { type LiveEvent, type Pair, deletedUser } from '../../core/live/events.ts';
import { defaultRooms } from '../../core/transactions/first-start.ts';
import { keptOutObject, publicObjects } from './objects.ts';

/** An event as connections of this kind take it: written once for all of them, as far as it is the same for all. */
export type Told =
  | {
      readonly kind: 'message';
      readonly roomId: string;
      /** Null for a private room, which has no name but the one a connection gives it. */
      readonly roomName: string | null;
      readonly pair: Pair | null;
      readonly seq: number;
      readonly sender: string;
      readonly text: string;
      /** For those who know the room by its own name. */
      readonly objects: readonly Buffer[];
    }
  /** How the user stands to a room now. */
  | {
      readonly kind: 'standing';
      readonly roomId: string;
      readonly roomName: string;
      readonly isMember: boolean;
    }
  /** What an admin says to everybody. */
  | { readonly kind: 'notice'; readonly objects: readonly Buffer[] }
  /** What is said last, at once. */
  | { readonly kind: 'word'; readonly objects: readonly Buffer[] };

/** Who speaks when an admin says something to everybody: no username holds a space. */
const adminName = 'the server';
const roomOfAll = defaultRooms.find(({ joinedByAll }) => joinedByAll)?.name ?? '';

/**
 * What the `rooms` protocol has a word for. Edits and deletions have none: what was shown stays on the screens of its
 * people, as they expect.
 */
export const roomsForm: WireForm<Told> = {
  encode: (event) => {
    switch (event.kind) {
      case 'message':
        return message(event);
      case 'room_changed':
        return standing(event);
      case 'notice':
        return { kind: 'notice', objects: publicObjects(roomOfAll, adminName, event.text) };
      case 'kicked':
        return word(keptOutObject({ type: event.byAddress ? 'kick_ip' : 'kick' }, event.until, event.reason));
      case 'banned':
        return word(keptOutObject({ type: event.byAddress ? 'ban_ip' : 'ban' }, event.until, event.reason));
      case 'killed':
        return word(keptOutObject({ type: 'kill' }, null, event.reason));
      default:
        return null;
    }
  },
};

function message(event: LiveEvent & { kind: 'message' }): Told | null {
  const { roomId, roomName, pair, seq, text, revision } = event;
  if (text === null || revision > 0) return null;
  const sender = event.sender ?? deletedUser;
  const objects = roomName === null ? [] : publicObjects(roomName, sender, text);
  return { kind: 'message', roomId, roomName, pair, seq, sender, text, objects };
}

function standing({ roomId, roomName, state }: LiveEvent & { kind: 'room_changed' }): Told | null {
  // Others' wish to join is told to moderators too: it says nothing of their own standing.
  if (roomName === null || state === null || state === 'pending') return null;
  return { kind: 'standing', roomId, roomName, isMember: state === 'member' };
}

function word(object: Buffer): Told {
  return { kind: 'word', objects: [object] };
}
