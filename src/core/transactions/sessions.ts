import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { Refusal } from '../errors.ts';
import type { HandshakeAnswer } from '../sessions/handshake.ts';
import type { SessionKeyRow, Transaction } from '../store.ts';
import { type Change, done } from './change.ts';

/** Adds a session's next key and lets the old one retire. @throws Refusal `session_unknown` */
export function rotateSessionKey(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: Change & { row: SessionKeyRow; oldKeyId: string; retiresAt: number; answer: HandshakeAnswer },
  ): Promise<HandshakeAnswer> => {
    if ((await transaction.sessions.byId(input.row.sessionId)) === null) throw new Refusal('session_unknown');
    await transaction.sessions.insertKey(input.row);
    await transaction.sessions.retireKey(input.oldKeyId, input.retiresAt);
    return done(transaction, keys, input, input.answer);
  };
}

/** Ends one session of the user. @throws Refusal `not_found` when the user has none of that id */
export function endSession(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: Change & { userId: string; sessionId: string },
  ): Promise<Record<string, never>> => {
    const session = await transaction.sessions.byId(input.sessionId);
    if (session === null || session.userId !== input.userId) throw new Refusal('not_found');
    await transaction.sessions.delete(input.sessionId);
    return done(transaction, keys, input, {});
  };
}

/** Makes a reservation of sequence numbers durable; false when the key is gone. */
export async function reserveSequence(
  transaction: Transaction,
  input: { keyId: string; windowReserved: number; sealsReserved: number },
): Promise<boolean> {
  return transaction.sessions.reserve(input.keyId, input.windowReserved, input.sealsReserved);
}

/** Remembers when sessions were last used. */
export async function touchSessions(
  transaction: Transaction,
  uses: readonly { id: string; lastUsedAt: number }[],
): Promise<void> {
  // In an order that is the same for all, so that no two nodes wait for each other.
  const inOrder = [...uses].sort((one, other) => (one.id < other.id ? -1 : 1));
  for (const { id, lastUsedAt } of inOrder) await transaction.sessions.touch(id, lastUsedAt);
}
