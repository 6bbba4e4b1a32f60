import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DataKeyRow, MessageRow } from '../../../src/core/room-store.ts';
import { DataKeys } from '../../../src/core/rooms/data-keys.ts';
import type { Reader } from '../../../src/core/store.ts';
import { createAtRestKeys } from '../../../src/crypto/at-rest.ts';
import { sealMessageBody } from '../../../src/crypto/message-body.ts';

describe('a message that is read while it is sealed anew', () => {
  const atRest = createAtRestKeys(Buffer.alloc(32, 1));
  const keyOf = (version: number): Buffer => Buffer.alloc(32, version);
  const place = { roomId: 'room', seq: 1, revision: 0 };
  const message = (version: number): MessageRow => ({
    ...place,
    senderId: 'ada',
    sealedBody: sealMessageBody(keyOf(version), place, 'the text'),
    keyVersion: version,
    sentAt: 1,
    editedAt: null,
    deletedAt: null,
  });
  /** The first key was retired after the message was read. */
  const rows: Record<number, DataKeyRow> = {
    1: { version: 1, sealedKey: null, createdAt: 1, retiredAt: 2 },
    2: { version: 2, sealedKey: atRest.seal('data-key', '2', keyOf(2)), createdAt: 1, retiredAt: null },
  };
  const readerOf = (stored: MessageRow): Reader =>
    ({
      dataKeys: { find: async (version: number) => rows[version] ?? null },
      messages: { find: async () => ({ message: stored, sender: 'ada' }) },
    }) as unknown as Reader;

  test('opens under the key that it hangs on by then', async () => {
    const read = await new DataKeys(atRest).readAndOpen(readerOf(message(2)), message(1));
    assert.deepEqual(read.text, 'the text');
  });

  test('is not read again and again where its key is gone for good', async () => {
    await assert.rejects(new DataKeys(atRest).readAndOpen(readerOf(message(1)), message(1)), /retired/);
  });
});
