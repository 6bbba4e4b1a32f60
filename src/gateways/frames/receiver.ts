import { guestMark } from '../../core/accounts/guests.ts';
import { Refusal, invalidField } from '../../core/errors.ts';
import { readUsername } from '../../core/names/username.ts';
import { roomNameKey } from '../../core/rooms/room-name.ts';
import type { Addressee } from '../../core/rooms/message-operations.ts';
import type { Reader } from '../../core/store.ts';
import { pairKeyOf } from '../../core/transactions/messages.ts';

/** Where a user's words go, and where those come from that they see. */
export type Place =
  /** The room is null before the first message between the two. */
  | {
      readonly kind: 'direct';
      readonly id: string;
      readonly otherId: string;
      readonly username: string;
      readonly roomId: string | null;
    }
  | { readonly kind: 'room'; readonly id: string; readonly roomId: string };

/**
 * What is added to a room's name that somebody has as their username, so that nobody gets hold of a room's messages by
 * registering its name: no username holds a space.
 */
export const roomMark = ' (room)';

/** Longest name that is looked up: no username or room's name is longer. */
const maxCharacters = 200;

/** Finds whom a name means: a user before one of the own rooms. @throws Refusal `user_unknown`, `invalid_input` */
export async function findPlace(
  read: Pick<Reader, 'users' | 'rooms' | 'memberships'>,
  userId: string,
  receiver: string,
): Promise<Place> {
  if (receiver.length > maxCharacters) throw nobody();
  const place = (await findUser(read, userId, receiver)) ?? (await findRoom(read, userId, receiver));
  if (place === null) throw nobody();
  return place;
}

/** Where what is said at a place goes: to its room where there is one, for a name may come to be another's. */
export function addresseeAt(place: Place): Addressee {
  if (place.kind === 'room') return { room: place.roomId };
  return place.roomId === null ? { to: place.username } : { room: place.roomId };
}

/**
 * Finds again where somebody looks who speaks there. They speak to whom they see, whatever that one is called by now.
 *
 * @param roomId the room of the place, as far as it is known by now
 * @returns null when the name is another's and there is no room yet by which who is meant could be reached
 * @throws Refusal `user_unknown`
 */
export async function findAgain(
  read: Pick<Reader, 'users' | 'rooms' | 'memberships'>,
  userId: string,
  { receiver, place, roomId }: { receiver: string; place: Place; roomId: string | null },
): Promise<Addressee | null> {
  if (place.kind === 'room') return addresseeAt(place);
  if (roomId === null) {
    const present = await findPlace(read, userId, receiver);
    return present.id === place.id ? addresseeAt(present) : null;
  }
  const other = await read.users.byId(place.otherId);
  if (other === null || other.deletedAt !== null) throw nobody();
  return { room: roomId };
}

async function findUser(
  read: Pick<Reader, 'users' | 'rooms'>,
  userId: string,
  receiver: string,
): Promise<Place | null> {
  const name = readUsername(without(guestMark, receiver));
  const other = name.ok ? await read.users.byUsernameKey(name.key) : null;
  if (!name.ok || other === null) return null;
  if (other.id === userId) throw invalidField('reciever', 'nobody writes to themselves');
  const id = pairKeyOf(userId, other.id);
  const room = await read.rooms.byPairKey(id);
  return { kind: 'direct', id, otherId: other.id, username: name.username, roomId: room?.id ?? null };
}

async function findRoom(
  read: Pick<Reader, 'rooms' | 'memberships'>,
  userId: string,
  receiver: string,
): Promise<Place | null> {
  for (const name of new Set([receiver, without(roomMark, receiver)])) {
    const room = name.isWellFormed() ? await read.rooms.byNameKey(roomNameKey(name)) : null;
    if (room === null) continue;
    const membership = await read.memberships.find(room.id, userId);
    if (membership?.state === 'member') return { kind: 'room', id: room.id, roomId: room.id };
  }
  return null;
}

function without(mark: string, name: string): string {
  return name.endsWith(mark) ? name.slice(0, -mark.length) : name;
}

function nobody(): Refusal {
  return new Refusal('user_unknown', { detail: 'There is nobody of this name, and no room that you are in' });
}
