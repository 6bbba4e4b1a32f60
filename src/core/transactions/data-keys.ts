import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { dataKeyBytes, openMessageBody, sealMessageBody } from '../../crypto/message-body.ts';
import { pooledRandomBytes } from '../../crypto/random-pool.ts';
import type { DataKeys } from '../rooms/data-keys.ts';
import type { Transaction } from '../store.ts';
import { appendAudit } from './audit.ts';

/** Makes the first data key where there is none. */
export function makeFirstDataKey(keys: AtRestKeys) {
  return async (transaction: Transaction, input: { now: number }): Promise<void> => {
    if ((await transaction.dataKeys.all()).length > 0) return;
    await insertNext(transaction, keys, input.now);
  };
}

/** Adds the next data key; from now on messages are sealed under it. Returns its version. */
export function rotateDataKey(keys: AtRestKeys) {
  return async (transaction: Transaction, input: { now: number; actor: string }): Promise<number> => {
    const version = await insertNext(transaction, keys, input.now);
    await appendAudit(transaction, keys, input.now, {
      actor: input.actor,
      action: 'keys rotate',
      target: `data key ${version}`,
      details: {},
    });
    return version;
  };
}

/**
 * Seals some messages that hang on older keys anew under the newest, and wipes older keys that nothing hangs on any
 * more. Where it stopped is in the messages themselves, so that it can go on after any interruption.
 *
 * @returns how many messages were sealed anew; 0 when all hang on the newest key
 */
export function reencryptMessages(dataKeys: DataKeys) {
  return async (transaction: Transaction, input: { now: number; limit: number }): Promise<number> => {
    const current = await dataKeys.current(transaction.dataKeys);
    for (const { version, retiredAt } of await transaction.dataKeys.all()) {
      if (version === current.version || retiredAt !== null) continue;
      const messages = await transaction.messages.underKey(version, input.limit);
      const old = await dataKeys.ofVersion(transaction.dataKeys, version);
      for (const message of messages) {
        const text = message.sealedBody === null ? null : openMessageBody(old, message, message.sealedBody);
        if (text === null) throw new Error(`message ${message.seq} of room ${message.roomId} does not open`);
        await transaction.messages.update(message.roomId, message.seq, {
          sealedBody: sealMessageBody(current.key, message, text),
          keyVersion: current.version,
        });
      }
      if (messages.length > 0) return messages.length;
      await transaction.dataKeys.retire(version, input.now);
    }
    return 0;
  };
}

async function insertNext(transaction: Transaction, keys: AtRestKeys, now: number): Promise<number> {
  const version = ((await transaction.dataKeys.all()).at(-1)?.version ?? 0) + 1;
  const sealedKey = keys.seal('data-key', String(version), pooledRandomBytes(dataKeyBytes));
  await transaction.dataKeys.insert({ version, sealedKey, createdAt: now, retiredAt: null });
  return version;
}
