import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { openMessageBody } from '../../crypto/message-body.ts';
import type { Reader } from '../store.ts';
import type { DataKeyReads, DataKeyRow, MessageRow } from '../room-store.ts';

/** A data key, opened. */
export interface DataKey {
  readonly version: number;
  readonly key: Buffer;
}

/**
 * The data keys, opened once and held. Which of them is the newest is asked of the store each time: a transaction that
 * is undone, or a commit that fails, must leave nobody sealing under a key that was never stored.
 */
export class DataKeys {
  private readonly atRest: AtRestKeys;
  private readonly opened = new Map<number, { readonly sealedKey: Buffer; readonly key: Buffer }>();

  constructor(atRest: AtRestKeys) {
    this.atRest = atRest;
  }

  /** The key that new messages are sealed under. */
  async current(reads: DataKeyReads): Promise<DataKey> {
    const row = await reads.newest();
    if (row === null) throw new Error('there is no data key yet');
    return { version: row.version, key: this.open(row) };
  }

  /** The key of a version. @throws Error when there is none, or it is retired */
  async ofVersion(reads: DataKeyReads, version: number): Promise<Buffer> {
    const row = await reads.find(version);
    if (row === null) throw new Error(`there is no data key ${version}`);
    return this.open(row);
  }

  /**
   * The text of a message that was read outside of a transaction, where only what is committed is seen; null once it was
   * deleted.
   */
  async textOf(reads: DataKeyReads, message: MessageRow): Promise<string | null> {
    if (message.sealedBody === null || message.keyVersion === null) return null;
    const held = this.opened.get(message.keyVersion)?.key;
    const key = held ?? (await this.ofVersion(reads, message.keyVersion));
    const text = openMessageBody(key, message, message.sealedBody);
    if (text === null) throw new Error(`message ${message.seq} of room ${message.roomId} does not open`);
    return text;
  }

  /**
   * A message that was read outside of a transaction, with its text. One that was sealed anew since may hang on a key
   * that is gone: then it is read again.
   */
  async readAndOpen(
    read: Pick<Reader, 'dataKeys' | 'messages'>,
    message: MessageRow,
  ): Promise<{ message: MessageRow; text: string | null }> {
    try {
      return { message, text: await this.textOf(read.dataKeys, message) };
    } catch (error) {
      const again = (await read.messages.find(message.roomId, message.seq))?.message;
      if (again === undefined || again.keyVersion === message.keyVersion) throw error;
      return { message: again, text: await this.textOf(read.dataKeys, again) };
    }
  }

  private open({ version, sealedKey }: DataKeyRow): Buffer {
    if (sealedKey === null) throw new Error(`data key ${version} is retired`);
    const held = this.opened.get(version);
    if (held?.sealedKey.equals(sealedKey) === true) return held.key;
    const key = this.atRest.open('data-key', String(version), sealedKey);
    if (key === null) throw new Error(`data key ${version} does not open under the master key`);
    this.opened.set(version, { sealedKey: Buffer.from(sealedKey), key });
    return key;
  }
}
