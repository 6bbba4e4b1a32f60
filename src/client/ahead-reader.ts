import type { StreamBody } from './http.ts';

/** More than the server lets wait for a client that does not read. */
const maxHeldBytes = 1024 * 1024;

/**
 * Reads a body as it comes, ahead of who asks for it. A body that is left to wait holds its parser back, and Node's
 * `fetch` ends the whole process where the server closes meanwhile (https://github.com/nodejs/undici/issues/5360). What
 * is held is bounded: beyond that the connection is broken, as the server would do with who does not read.
 */
export class AheadReader {
  private readonly body: StreamBody;
  private readonly maxBytes: number;
  private readonly held: Uint8Array[] = [];
  private heldBytes = 0;
  private outcome: { readonly error: unknown } | 'ended' | null = null;
  private wake: () => void = () => {};

  /** @param maxBytes held at most. Default 1 MiB */
  constructor(body: StreamBody, maxBytes = maxHeldBytes) {
    this.body = body;
    this.maxBytes = maxBytes;
    void this.readAhead();
  }

  /** The next bytes; null at the end. One call at a time. @throws whatever broke the body, once all that came is read */
  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const bytes = this.held.shift();
      if (bytes !== undefined) {
        this.heldBytes -= bytes.length;
        return bytes;
      }
      if (this.outcome === 'ended') return null;
      if (this.outcome !== null) throw this.outcome.error;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  private async readAhead(): Promise<void> {
    try {
      const reader = this.body.stream.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        this.held.push(value);
        this.heldBytes += value.length;
        if (this.heldBytes > this.maxBytes) throw new Error('more came than was read');
        this.wake();
      }
      this.outcome = 'ended';
    } catch (error) {
      this.outcome = { error };
      this.body.close();
    }
    this.wake();
  }
}
