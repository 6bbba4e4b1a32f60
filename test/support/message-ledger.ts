import assert from 'node:assert/strict';
import { SealedClient, registered } from './sealed-client.ts';
import type { ServerProcess } from './server-process.ts';

/** One message, as its sender knows it. */
interface Entry {
  readonly text: string;
  readonly idem: string;
  /** The number it was acknowledged with; null while nobody knows whether it was stored. */
  seq: number | null;
}

interface Stored {
  readonly seq: number;
  readonly message: string;
}

/**
 * Senders that write down what they send before they send it, and what was acknowledged after: what a server that is
 * killed at any moment is held against.
 */
export class MessageLedger {
  readonly entries: Entry[] = [];
  private readonly senders: SealedClient[] = [];
  private room = '';

  /** Makes the senders and the room they write to. */
  static async open(server: ServerProcess, senders: number): Promise<MessageLedger> {
    const ledger = new MessageLedger();
    for (let at = 0; at < senders; at++) ledger.senders.push(await registered(server.url, `sender${at}`));
    const [first, ...others] = ledger.senders as [SealedClient, ...SealedClient[]];
    const { room } = await first.must('/create_room', { room: 'ledger', kind: 'open' });
    ledger.room = String(room);
    for (const other of others) await other.must('/join_room', { room });
    return ledger;
  }

  get acknowledged(): number {
    return this.entries.filter(({ seq }) => seq !== null).length;
  }

  /** Sends until the server is gone. */
  async storm(): Promise<void> {
    await Promise.all(
      this.senders.map(async (sender, at) => {
        try {
          for (;;) {
            const number = this.entries.length;
            const entry: Entry = {
              text: `${number} from ${at}`,
              idem: `ledger-entry-no-${number}`,
              seq: null,
            };
            this.entries.push(entry);
            entry.seq = await this.send(sender, entry);
          }
        } catch {
          // The server is gone; what was under way stays unknown.
        }
      }),
    );
  }

  /** The same sessions, with the server at its new place: their numbers go on beyond what was reserved. */
  moveTo(server: ServerProcess): void {
    for (const [at, sender] of this.senders.entries()) {
      this.senders[at] = Object.assign(Object.create(SealedClient.prototype) as SealedClient, sender, {
        url: server.url,
        seq: sender.seq + 5_000,
      });
    }
  }

  /**
   * Holds what is stored against what was written down. Then asks again for everything unknown, and looks that each of
   * it is there exactly once.
   */
  async check(): Promise<void> {
    const stored = await this.history();
    for (const { text, seq } of this.entries) {
      const copies = stored.filter(({ message }) => message === text);
      if (seq === null) assert.ok(copies.length <= 1, `${text}: unknown, and there ${copies.length} times`);
      else assert.deepEqual(copies, [{ seq, message: text }], `${text}: acknowledged as ${seq}`);
    }
    for (const entry of this.entries) {
      if (entry.seq !== null) continue;
      const sender = this.senders[Number(entry.text.split(' ').at(-1))]!;
      entry.seq = await this.send(sender, entry);
    }
    const after = await this.history();
    assert.deepEqual(
      after.map(({ seq }) => seq),
      after.map((_, at) => at + 1),
      'numbers without gap or repeat',
    );
    assert.equal(after.length, this.entries.length);
    const bySeq = new Map(after.map(({ seq, message }) => [seq, message]));
    for (const { seq, text } of this.entries) assert.equal(bySeq.get(seq ?? 0), text);
  }

  private async send(sender: SealedClient, { text, idem }: Entry): Promise<number> {
    const sent = await sender.must('/send_message', { room: this.room, message: text }, { idem });
    return Number(sent['seq']);
  }

  private async history(): Promise<Stored[]> {
    const [reader] = this.senders as [SealedClient];
    const all: Stored[] = [];
    for (;;) {
      const after_seq = all.at(-1)?.seq ?? 0;
      const page = await reader.must('/list_messages', { room: this.room, after_seq, limit: 200 });
      for (const { seq, message } of page['messages'] as unknown as Stored[]) all.push({ seq, message });
      if (!page['has_more']) return all;
    }
  }
}
