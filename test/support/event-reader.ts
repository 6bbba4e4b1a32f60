import assert from 'node:assert/strict';
import { openEvent } from '../../src/crypto/sealed-payload.ts';
import type { Json, SealedClient } from './sealed-client.ts';

/** The other end of a stream of events: opens each, and checks its number. */
export class EventReader {
  readonly events: Json[] = [];
  readonly ended: Promise<void>;
  /** Milliseconds after which the server wants to be asked again, once it has said so. */
  returnAfter: number | null = null;
  private readonly abort = new AbortController();
  private readonly wakes = new Set<() => void>();
  private n = 0;

  private constructor(client: SealedClient, seq: number, response: Response, abort: AbortController) {
    this.abort = abort;
    this.ended = this.read(client, seq, response);
  }

  /** Asks for events; from when it is there none is missed. */
  static async open(client: SealedClient, fields: object = {}): Promise<EventReader> {
    const seq = ++client.seq;
    const abort = new AbortController();
    const response = await fetch(`${client.url}/events`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: client.seal('/events', fields, { seq }),
      signal: abort.signal,
    });
    if (response.status !== 200) throw new Error(`no events: ${response.status} ${await response.text()}`);
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    return new EventReader(client, seq, response, abort);
  }

  /** The first event that matches, come or to come; it and those before it are taken out. */
  async next(kind: string, matches: (event: Json) => boolean = () => true): Promise<Json> {
    let looked = 0;
    for (;;) {
      for (; looked < this.events.length; looked++) {
        const event = this.events[looked]!;
        if ((event['kind'] as unknown) !== kind || !matches(event)) continue;
        this.events.splice(0, looked + 1);
        return event;
      }
      await new Promise<void>((resolve, reject) => {
        const late = setTimeout(() => {
          reject(new Error(`no ${kind} came, but ${JSON.stringify(this.events)}`));
        }, 10_000);
        this.wakes.add(() => {
          clearTimeout(late);
          resolve();
        });
      });
    }
  }

  /** Breaks the connection. */
  close(): void {
    this.abort.abort();
  }

  private async read(client: SealedClient, seq: number, response: Response): Promise<void> {
    let text = '';
    try {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
          const block = text.slice(0, end);
          text = text.slice(end + 2);
          const retry = /^retry: (\d+)$/.exec(block)?.[1];
          if (retry !== undefined) this.returnAfter = Number(retry);
          if (block.startsWith('data: ')) this.take(client, seq, block.slice('data: '.length));
        }
      }
    } catch {
      // Closed from this side, or cut off.
    }
  }

  private take(client: SealedClient, seq: number, token: string): void {
    const opened = openEvent(token, client.enc, client.key);
    assert.ok(opened, 'the event opens under the session key');
    assert.deepEqual(opened.header, { re: seq, n: ++this.n });
    this.events.push(JSON.parse(opened.plaintext) as Json);
    for (const wake of this.wakes) wake();
    this.wakes.clear();
  }
}
