import { guestMark } from '../../core/accounts/guests.ts';
import { roomNameKey } from '../../core/rooms/room-name.ts';
import { otherOfPair } from '../../core/transactions/messages.ts';
import type { GatewayParts } from '../gateway-parts.ts';
import { frameOf, maxDataBytes } from './codec.ts';
import type { Directory } from './directory.ts';
import { roomMark } from './receiver.ts';

const head = Buffer.from('{"users":[');
const tail = Buffer.from(']}');
const space = maxDataBytes - head.length - tail.length;
/** What room names may take of a list that is too long as a whole. */
const spaceOfRooms = Math.floor(space / 2);
/** Users that come first because one has spoken to them, and because they are online. */
const maxSpokenTo = 1_000;
const maxOnline = 20_000;

/** A list as it goes out. */
export interface UserList {
  readonly frame: Buffer;
  /** Whether names are missing: then it depends on who is online, too. */
  readonly isCut: boolean;
}

/** Names of the user's group rooms, in order, as lists show them. */
export async function roomNames(
  { read }: Pick<GatewayParts, 'read'>,
  directory: Directory,
  userId: string,
): Promise<string[]> {
  const names: string[] = [];
  for (const { room, membership } of await read.rooms.ofUser(userId)) {
    if (membership.state !== 'member' || room.kind === 'direct' || room.name === null) continue;
    const isSomebodys = await directory.hasName(room.nameKey ?? roomNameKey(room.name));
    names.push(isSomebodys ? `${room.name}${roomMark}` : room.name);
  }
  return names.sort((one, other) => (roomNameKey(one) < roomNameKey(other) ? -1 : 1));
}

/**
 * Every registered name but the user's own, then those of their group rooms. Where not all fit into a frame, those
 * come first that the user spoke to last, and those online. Null for an empty list, which is never sent.
 */
export async function userList(
  parts: Pick<GatewayParts, 'core' | 'read'>,
  directory: Directory,
  userId: string,
  rooms: readonly string[],
): Promise<UserList | null> {
  const roomPieces = rooms.map((name) => Buffer.from(`${JSON.stringify(name)},`));
  const whole = [...directory.namesBut(userId), ...roomPieces];
  if (sizeOf(whole) === 0) return null;
  if (sizeOf(whole) - 1 <= space) return { frame: listFrame(whole), isCut: false };
  const last = fitting(roomPieces, spaceOfRooms);
  const names = await namesByNearness(parts, directory, userId);
  const pieces = names.map((json) => Buffer.from(`${json},`));
  const first = fitting(pieces, space - sizeOf(last) + 1);
  return { frame: listFrame([...first, ...last]), isCut: true };
}

/** Names as JSON: whom the user spoke to last, who is online, all others; each once. */
async function namesByNearness(
  { core, read }: Pick<GatewayParts, 'core' | 'read'>,
  directory: Directory,
  userId: string,
): Promise<string[]> {
  const pairs = await read.rooms.pairsLastSpoken(userId, maxSpokenTo);
  const near = pairs.map((pair) => otherOfPair(pair, userId));
  near.push(...(await core.online.some(maxSpokenTo + maxOnline - near.length)));
  const namesOfNear = await read.users.usernames([...new Set(near)]);
  const ordered = new Map<string, string>();
  for (const id of near) {
    const name = namesOfNear.get(id);
    if (name !== undefined && !name.endsWith(guestMark)) ordered.set(id, JSON.stringify(name));
  }
  for (const { id, json } of directory.names) ordered.set(id, json);
  ordered.delete(userId);
  return [...ordered.values()];
}

function fitting(pieces: readonly Buffer[], bytes: number): Buffer[] {
  let left = bytes;
  const taken: Buffer[] = [];
  for (const piece of pieces) {
    if (piece.length > left) continue;
    left -= piece.length;
    taken.push(piece);
  }
  return taken;
}

function sizeOf(pieces: readonly Buffer[]): number {
  return pieces.reduce((all, piece) => all + piece.length, 0);
}

/** @param pieces each with a comma at its end */
function listFrame(pieces: readonly Buffer[]): Buffer {
  const listed = Buffer.concat(pieces);
  return frameOf('LIS', Buffer.concat([head, listed.subarray(0, -1), tail]));
}
