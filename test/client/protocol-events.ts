import type { ServerResponse } from 'node:http';
import { type Key, sealToken } from './protocol-crypto.ts';

/** One stream of events, from the server's side, which may do what a real one never does. */
export class ServerStream {
  readonly closed: Promise<void>;
  isOpen = true;
  /** The number of the last event. */
  n = 0;
  private readonly response: ServerResponse;
  private readonly key: Key;
  private readonly re: number;

  constructor(response: ServerResponse, key: Key, re: number) {
    this.response = response;
    this.key = key;
    this.re = re;
    this.closed = new Promise((resolve) => {
      response.on('close', () => {
        this.isOpen = false;
        resolve();
      });
    });
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    this.write(': open\n\n');
  }

  /** Sends an event as it has to be. */
  send(event: object): void {
    this.write(this.block(event));
  }

  /** An event as it goes out. @param header changes what is authenticated with it, also its number */
  block(event: object, header: Record<string, unknown> = {}, key: Key = this.key): string {
    if (!('n' in header)) this.n += 1;
    const members = { alg: 'dir', enc: this.key.enc, re: this.re, n: this.n, ...header };
    return `data: ${sealToken(members, JSON.stringify(event), key)}\n\n`;
  }

  /** Sends anything at all. Returns whether more may follow at once. */
  write(text: string | Buffer): boolean {
    return this.response.write(text);
  }

  /** Whether all that was written is taken within a time. */
  async drains(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const drained = (): void => {
        clearTimeout(late);
        resolve(true);
      };
      const late = setTimeout(() => {
        this.response.off('drain', drained);
        resolve(false);
      }, milliseconds);
      this.response.once('drain', drained);
    });
  }

  /** Ends it in order. */
  end(text = ''): void {
    this.isOpen = false;
    this.response.end(text);
  }

  /** Breaks the connection. */
  cut(): void {
    this.isOpen = false;
    this.response.destroy();
  }
}
