import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { Refusal } from '../errors.ts';
import type { DataKeys } from '../rooms/data-keys.ts';
import type { Transaction } from '../store.ts';
import { type Change, done, presentUser } from './change.ts';
import { type MembershipChange, admit } from './memberships.ts';
import { type SentMessage, sendMessage } from './messages.ts';
import { type NewRoom, emptyRoom, insertRoom } from './rooms.ts';

/** A room as it was made with its first members, and what was said in it first. */
export interface MadeGroup {
  /** The owner's first. */
  readonly changes: readonly MembershipChange[];
  readonly message: SentMessage | null;
}

/**
 * Makes a room with members and, where there is one, its first message: all of it or nothing.
 *
 * @throws Refusal `room_taken`, by a username too: who sends by name means either; `user_unknown`
 */
export function createGroup(keys: AtRestKeys, dataKeys: DataKeys) {
  const send = sendMessage(keys, dataKeys);
  return async (
    transaction: Transaction,
    input: Change & { userId: string; room: NewRoom; memberIds: readonly string[]; text: string | null },
  ): Promise<MadeGroup> => {
    const { now, userId, text } = input;
    const owner = await presentUser(transaction, userId);
    if ((await transaction.users.byUsernameKey(input.room.nameKey)) !== null) throw new Refusal('room_taken');
    const row = emptyRoom(input.room, now);
    await insertRoom(transaction, row);
    const changes = [await admit(transaction, row, owner, null, { role: 'owner', now })];
    for (const memberId of input.memberIds) {
      const member = await transaction.users.byId(memberId);
      if (member === null || member.deletedAt !== null) throw new Refusal('user_unknown');
      changes.push(await admit(transaction, row, member, null, { role: 'member', now }));
    }
    const to = { kind: 'room', room: { id: row.id, nameKey: input.room.nameKey } } as const;
    const message = text === null ? null : await send(transaction, { now, claim: null, userId, to, text });
    return done(transaction, keys, input, { changes, message });
  };
}
