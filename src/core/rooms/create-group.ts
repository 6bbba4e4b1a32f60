import type { Caller } from '../caller.ts';
import { userIdOf } from '../caller.ts';
import { invalidField } from '../errors.ts';
import { limits } from '../limits/limits.ts';
import { newId } from '../random.ts';
import type { MadeGroup } from '../transactions/groups.ts';
import type { MessageDependencies } from './message-operations.ts';
import { checkMessageText } from './message-text.ts';
import { readRoomName } from './room-name.ts';

/** Others that a group may begin with. */
export const maxFirstMembers = 100;

/** A room by invitation whose first members are in it from the start. */
export interface NewGroup {
  readonly name: string;
  /** The others, each once. */
  readonly memberIds: readonly string[];
  /** The first message, where there is one. */
  readonly text: string | null;
}

/**
 * Makes a group, owned by who asks.
 *
 * @throws Refusal `invalid_input`, `room_taken` (a username takes it too), `user_unknown`, `rate_limited`
 */
export function createGroup(dependencies: MessageDependencies) {
  const { store, clock, random, enforce, announce, hub } = dependencies;
  return async (caller: Caller, { name, memberIds, text }: NewGroup): Promise<MadeGroup> => {
    const userId = userIdOf(caller);
    const read = readRoomName(name);
    if (!read.ok) throw invalidField('room', read.problem);
    if (memberIds.length > maxFirstMembers) throw invalidField('members', `more than ${maxFirstMembers}`);
    if (text !== null) checkMessageText(text);
    await enforce(limits.newRoomsOfUser, userId);
    if (text !== null) await enforce(limits.messagesOfUser, userId);
    const made = await store.transact('createGroup', {
      now: clock.now(),
      claim: caller.claim,
      userId,
      room: {
        id: newId(random),
        name: read.name,
        nameKey: read.key,
        kind: 'invite',
        openHistory: false,
        joinedByAll: false,
      },
      memberIds: memberIds.filter((id) => id !== userId),
      text,
    });
    for (const change of made.changes) announce(change);
    const { message } = made;
    if (message !== null && text !== null) {
      hub.toRoom({ kind: 'message', at: message.sentAt, ...message, text }, message.membersVersion);
    }
    return made;
  };
}
