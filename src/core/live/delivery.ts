import type { Connection, OnlineUser, WireForm } from './connection.ts';
import { type EventRoom, type LiveEvent, nameOfOther } from './events.ts';

/** One event on its way to connections: encoded once for each form, and in a direct room once for each of the two. */
export class Delivery {
  private readonly event: LiveEvent;
  private readonly pair: EventRoom['pair'];
  private readonly counts: Map<string, number>;
  private readonly encodings = new Map<WireForm, Map<string | null, unknown>>();
  private form: WireForm | null = null;
  private other: string | null = null;
  private encoded: unknown = null;
  private way = '';
  private handed = 0;

  /** @param counts how many were handed over, by way in: brought up to date by `end` */
  constructor(event: LiveEvent, pair: EventRoom['pair'], counts: Map<string, number>) {
    this.event = event;
    this.pair = pair;
    this.counts = counts;
  }

  /** Hands it to all of a user's connections that want to hear of the room; null: whatever they want to hear of. */
  toUser(user: OnlineUser, roomId: string | null): void {
    for (const connection of user.connections) {
      if (roomId !== null && connection.rooms !== null && !connection.rooms.has(roomId)) continue;
      this.to(connection);
    }
  }

  /** Hands it to a connection, where its form has a word for it. */
  to(connection: Connection): void {
    const { form, way } = connection;
    const other = this.pair === null ? null : nameOfOther(this.pair, connection.userId);
    // One listener's form is as a rule the next one's.
    if (form !== this.form || other !== this.other) this.encode(form, other);
    if (this.encoded === null) return;
    connection.send(this.encoded);
    if (way !== this.way) {
      this.end();
      this.way = way;
    }
    this.handed += 1;
  }

  /** Counts what was handed over. */
  end(): void {
    if (this.handed > 0) this.counts.set(this.way, (this.counts.get(this.way) ?? 0) + this.handed);
    this.handed = 0;
  }

  private encode(form: WireForm, other: string | null): void {
    let ofForm = this.encodings.get(form);
    if (ofForm === undefined) this.encodings.set(form, (ofForm = new Map()));
    let encoded = ofForm.get(other);
    if (encoded === undefined) ofForm.set(other, (encoded = form.encode(this.event, other)));
    this.form = form;
    this.other = other;
    this.encoded = encoded;
  }
}
