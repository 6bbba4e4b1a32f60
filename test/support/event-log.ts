import type { ClientEvent, LetterlockClient } from '../../src/client/index.ts';

/** Everything a client of the SDK is told, written down as it comes. */
export class EventLog {
  readonly events: ClientEvent[] = [];
  /** How often the stream was there, with nothing missing any more. */
  connections = 0;
  connectedAt = 0;
  /** When it was told that its node stops. */
  readonly shutdowns: number[] = [];
  /** What it ended with, where it did. */
  failure: unknown = null;
  latestAt = 0;
  private readonly abort = new AbortController();
  private readonly rooms = new Map<string, { seq: number; text: string; at: number }[]>();
  private following: Promise<void> = Promise.resolve();
  private hasEnded = false;

  /** Begins to listen. */
  follow(client: LetterlockClient): void {
    this.following = this.read(client).catch((error: unknown) => {
      this.failure = error;
    });
    void this.following.then(() => (this.hasEnded = true));
  }

  get isOver(): boolean {
    return this.hasEnded;
  }

  /** The room's texts as they came. */
  textsOf(room: string): string[] {
    return (this.rooms.get(room) ?? []).map(({ text }) => text);
  }

  /** When the message came, by `performance.now()`. */
  toldAt(room: string, seq: number): number {
    return this.rooms.get(room)?.find((each) => each.seq === seq)?.at ?? Infinity;
  }

  async stop(): Promise<void> {
    this.abort.abort();
    await this.following;
  }

  private async read(client: LetterlockClient): Promise<void> {
    for await (const event of client.events({ signal: this.abort.signal })) {
      this.events.push(event);
      if (event.kind === 'shutdown') this.shutdowns.push(performance.now());
      if (event.kind === 'connected') {
        this.connections += 1;
        this.connectedAt = performance.now();
      }
      if (event.kind !== 'message' || event.revision > 0) continue;
      this.latestAt = performance.now();
      const told = { seq: event.seq, text: event.message ?? '', at: this.latestAt };
      const ofRoom = this.rooms.get(event.room);
      if (ofRoom === undefined) this.rooms.set(event.room, [told]);
      else ofRoom.push(told);
    }
  }
}
