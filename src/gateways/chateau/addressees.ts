import type { Caller } from '../../core/caller.ts';
import { Refusal, invalidField } from '../../core/errors.ts';
import { readUsername } from '../../core/names/username.ts';
import { maxFirstMembers } from '../../core/rooms/create-group.ts';
import type { Addressee } from '../../core/rooms/message-operations.ts';
import { roomNameKey } from '../../core/rooms/room-name.ts';
import type { GatewayParts } from '../gateway-parts.ts';

/**
 * The ids of the users named, each once, all of whom have to be online.
 *
 * @throws Refusal `user_unknown` where one of them is not, `invalid_input`
 */
export async function idsOfOnline(
  { read, core }: GatewayParts,
  caller: Caller,
  names: readonly string[],
): Promise<string[]> {
  if (names.length > maxFirstMembers) throw invalidField('recipients', `more than ${maxFirstMembers}`);
  const ids = new Set<string>();
  for (const name of names) {
    const username = readUsername(name);
    const user = username.ok ? await read.users.byUsernameKey(username.key) : null;
    const isOnline = user !== null && (await core.online.among([user.id])).has(user.id);
    if (!isOnline) throw new Refusal('user_unknown');
    if (user.id !== caller.userId) ids.add(user.id);
  }
  if (ids.size === 0) throw invalidField('recipients', 'nobody but oneself');
  return [...ids];
}

/**
 * A chat of the caller's, or else a user: both are called by name here. The chat comes first, because a name that somebody
 * takes later must not get what is said in it.
 */
export async function addresseeNamed(
  { read }: GatewayParts,
  caller: Caller,
  name: string,
): Promise<Addressee> {
  const room = name.length <= maxNameLength ? await read.rooms.byNameKey(roomNameKey(name)) : null;
  if (room === null || caller.userId === null) return { to: name };
  const membership = await read.memberships.find(room.id, caller.userId);
  return membership?.state === 'member' ? { room: room.id } : { to: name };
}

/** UTF-16 units; no name of a room or a user is as long. */
const maxNameLength = 200;
