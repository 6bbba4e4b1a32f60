import assert from 'node:assert/strict';
import type { ClientEvent, EventOptions, LetterlockClient, Message } from '../../src/client/index.ts';

/** Somebody who reads a client's events, step by step. */
export class Following {
  readonly iterator: AsyncIterableIterator<ClientEvent, undefined>;
  /** Everything that was handed out. */
  readonly seen: ClientEvent[] = [];

  constructor(client: LetterlockClient, options: EventOptions = {}) {
    this.iterator = client.events(options);
  }

  /** Reads until there is one that fits, and returns it. */
  async until<Kind extends ClientEvent['kind']>(
    kind: Kind,
    fits: (event: Extract<ClientEvent, { kind: Kind }>) => boolean = () => true,
  ): Promise<Extract<ClientEvent, { kind: Kind }>> {
    for (;;) {
      const { done, value } = await this.iterator.next();
      assert.ok(!done, 'the events ended');
      this.seen.push(value);
      const event = value as Extract<ClientEvent, { kind: Kind }>;
      if (value.kind === kind && fits(event)) return event;
    }
  }

  /** The message of this number, and all before it. */
  async message(room: string, seq: number): Promise<Message> {
    return this.until('message', (event) => event.room === room && event.seq === seq);
  }

  /** What was handed out of a room: `seq` of a first edition, `seq:text` of a later one. */
  ledger(room: string): string[] {
    const first = new Set<number>();
    return this.seen.flatMap((event) => {
      if (event.kind !== 'message' || event.room !== room) return [];
      if (first.has(event.seq)) return [`${event.seq}:${event.message}`];
      first.add(event.seq);
      return [String(event.seq)];
    });
  }

  async end(): Promise<void> {
    await this.iterator.return?.();
  }
}

/** 1, 2, 3, … as a ledger has them. */
export function numbersTo(last: number, first = 1): string[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => String(first + at));
}
