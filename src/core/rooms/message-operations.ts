import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import type { Clock } from '../clock.ts';
import { Refusal, invalidField } from '../errors.ts';
import { type EnforceLimit, limits } from '../limits/limits.ts';
import type { Pair } from '../live/events.ts';
import type { Hub } from '../live/hub.ts';
import type { Typing } from '../live/typing.ts';
import { readUsername } from '../names/username.ts';
import { type RandomBytes, newId } from '../random.ts';
import type { Store } from '../store.ts';
import type { Transactions } from '../transactions.ts';
import type { Destination, ReadMark, SentMessage } from '../transactions/messages.ts';
import type { AnnounceMembership } from './announce.ts';
import { checkMessageText } from './message-text.ts';
import { permit } from './permissions.ts';
import { pairOf } from './pair.ts';
import { findRoom, presentReader } from './places.ts';
import { readRoomReference } from './room-reference.ts';

export interface MessageDependencies {
  readonly store: Store<Transactions>;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly enforce: EnforceLimit;
  readonly announce: AnnounceMembership;
  readonly hub: Hub;
  readonly typing: Typing;
}

/** Where somebody wants a message to go. */
export type Addressee =
  | { readonly room: string }
  /** `atRandom` where the server has chosen them: whoever listens live is told. */
  | { readonly to: string; readonly atRandom?: boolean };

/**
 * Sends a message: committed first, then acknowledged, then carried to who listens.
 *
 * @throws Refusal `invalid_input`, `room_unknown`, `user_unknown`, `not_a_member` and its kin, `rate_limited`
 */
export function sendMessage(dependencies: MessageDependencies) {
  const { store, clock, random, enforce, announce, hub, typing } = dependencies;
  return async (caller: Caller, addressee: Addressee, text: string): Promise<SentMessage> => {
    const userId = userIdOf(caller);
    checkMessageText(text);
    const to = destinationOf(addressee, random);
    await enforce(limits.messagesOfUser, userId);
    const sent = await store.transact('sendMessage', {
      now: clock.now(),
      claim: caller.claim,
      userId,
      to,
      text,
    });
    for (const change of sent.opened) announce(change);
    const wasTyping = typing.ended(sent.sender, sent.roomId);
    const atRandom = 'to' in addressee && addressee.atRandom === true;
    hub.toRoom({ kind: 'message', at: sent.sentAt, ...sent, text, atRandom, wasTyping }, sent.membersVersion);
    return sent;
  };
}

/** Edits a message, or deletes it where the text is null. @throws Refusal `message_unknown`, `forbidden` and its kin */
export function reviseMessage({ store, clock, enforce, hub }: MessageDependencies) {
  return async (
    caller: Caller,
    revision: { room: string; seq: number; text: string | null },
  ): Promise<SentMessage> => {
    const userId = userIdOf(caller);
    const { seq, text } = revision;
    if (text !== null) checkMessageText(text);
    await enforce(limits.messagesOfUser, userId);
    const now = clock.now();
    const revised = await store.transact('reviseMessage', {
      now,
      claim: caller.claim,
      userId,
      room: readRoomReference(revision.room),
      seq,
      text,
    });
    hub.toRoom({ kind: 'message', at: now, ...revised, text }, revised.membersVersion);
    return revised;
  };
}

/** Remembers how far the user has read, and tells the room. @throws Refusal `not_a_member` and its kin */
export function markRead({ store, clock, enforce, hub }: MessageDependencies) {
  return async (caller: Caller, mark: { room: string; seq: number }): Promise<ReadMark> => {
    const userId = userIdOf(caller);
    await enforce(limits.messagesOfUser, userId);
    const now = clock.now();
    const read = await store.transact('markRead', {
      now,
      claim: caller.claim,
      userId,
      room: readRoomReference(mark.room),
      seq: mark.seq,
    });
    if (read.raised) {
      const { roomId, roomName, pair, username, seq, membersVersion } = read;
      const event = { kind: 'message_read', at: now, roomId, roomName, pair, username, seq } as const;
      hub.toReaders(userId, event, membersVersion);
    }
    return read;
  };
}

/** Tells the room that the user types, or does no longer. @throws Refusal `not_a_member` and its kin */
export function setTyping({ store, clock, enforce, typing }: MessageDependencies) {
  return async (
    caller: Caller,
    request: { room: string; typing: boolean },
  ): Promise<Record<string, never>> => {
    const userId = userIdOf(caller);
    await enforce(limits.typingOfUser, userId);
    const { read } = store;
    const room = await findRoom(read, request.room);
    permit(
      'set_typing',
      { room, membership: await read.memberships.find(room.id, userId) },
      'user',
      clock.now(),
    );
    const { username } = await presentReader(read, userId);
    if (username === null) throw new Refusal('session_unknown');
    const pair: Pair | null = await pairOf(read, room);
    const place = { roomId: room.id, roomName: room.name, pair };
    typing.set(username, place, room.membersVersion, request.typing);
    return {};
  };
}

function destinationOf(addressee: Addressee, random: RandomBytes): Destination {
  if ('room' in addressee) return { kind: 'room', room: readRoomReference(addressee.room) };
  const name = readUsername(addressee.to);
  if (!name.ok) throw invalidField('to', name.problem);
  return { kind: 'user', usernameKey: name.key, roomId: newId(random) };
}
