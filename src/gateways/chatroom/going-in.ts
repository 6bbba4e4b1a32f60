import type { ProvenAccount } from '../../core/accounts/login-mark.ts';
import { Refusal } from '../../core/errors.ts';
import { roomNameKey } from '../../core/rooms/room-name.ts';
import { GatewayUser } from '../gateway-user.ts';
import type { Conversation } from './conversation.ts';
import { type Told, chatroomForm, onlyRoom } from './event-form.ts';
import { words } from './words.ts';

/** The gateway's name. */
export const way = 'chatroom';

/** Somebody has shown who they are: takes them in, once for each name, and answers. */
export async function goIn(
  conversation: Conversation,
  proven: ProvenAccount,
  ...before: readonly Buffer[]
): Promise<void> {
  const { parts, peer } = conversation;
  const { core } = parts;
  const { hub, nodes } = core;
  const { account } = proven;
  const user = new GatewayUser<Told>({
    userId: account.id,
    username: account.username,
    address: peer.address,
    way,
    form: chatroomForm,
    onEvent: (told) => conversation.hear(told),
    onEnd: (reason) => conversation.endedBy(reason),
  });
  const roomId = await placeOf(conversation, user);
  if (conversation.isOver) return;
  if (roomId === null) return conversation.end(...before, words.banned);
  const isFree = (await nodes?.leases.take(seatOf(user.userId), null)) !== false;
  if (conversation.isOver) return leaveSeat(conversation, user.userId);
  if (!isFree) return conversation.tell(...before, ...words.loginAnswers(false));
  // Nothing is awaited from here until the hub has them: of two at once, one is too late.
  if (hub.isConnectedBy(user.userId, way)) {
    return conversation.tell(...before, ...words.loginAnswers(false));
  }
  conversation.member = { user, roomId };
  try {
    await core.takeIn(user, proven);
  } catch (error) {
    const isKeptOut = error instanceof Refusal && (error.code === 'banned' || error.code === 'kicked');
    conversation.end(...before, ...(isKeptOut ? [words.banned] : words.loginAnswers(false)));
    if (error instanceof Refusal) return;
    throw error;
  }
  conversation.welcome(...before, ...words.loginAnswers(true));
}

/** Gives the user's place back to whichever node they come in by next, unless they are still here. */
export function leaveSeat({ parts }: Conversation, userId: string): void {
  const { hub, nodes } = parts.core;
  if (!hub.isConnectedBy(userId, way)) void nodes?.leases.release(seatOf(userId));
}

/** What one node at a time has of a user who is in. */
function seatOf(userId: string): string {
  return `${way}:${userId}`;
}

/**
 * The room everyone is in; who has left it asks to be let in again. Null where they are not: there is nowhere else to be,
 * and nothing could be said or heard.
 */
async function placeOf({ parts }: Conversation, user: GatewayUser<Told>): Promise<string | null> {
  const { core, read } = parts;
  const room = await read.rooms.byNameKey(roomNameKey(onlyRoom));
  if (room === null) return null;
  const membership = await read.memberships.find(room.id, user.userId);
  if (membership?.state === 'member') return room.id;
  try {
    const { change } = await core.joinRoom(user, room.id);
    return change.state === 'member' ? room.id : null;
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}
