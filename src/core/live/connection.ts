import type { LiveEvent } from './events.ts';

/**
 * How one kind of connection writes events. What it returns is sent as it is to every connection of the kind, so that
 * an event is encoded once and not once for each listener.
 */
export interface WireForm<Encoded = unknown> {
  /**
   * @param other the name under which the receiver sees a direct room; null for any other event
   * @returns null for an event that this kind of connection has no word for
   */
  encode(event: LiveEvent, other: string | null): Encoded | null;
}

/** Why a connection is ended from this side. */
export type EndReason = 'logged out' | 'kept out' | 'stopping' | 'too slow';

/** One live connection of a user, whichever way they came in. */
export interface Connection<Encoded = unknown> {
  readonly userId: string;
  /** The session key it hangs on: when that ends, it ends. Null where there is none. */
  readonly sessionKeyId: string | null;
  /** Canonical. */
  readonly address: string;
  /** The way in, for counting: `events`, or a gateway's name. */
  readonly way: string;
  readonly form: WireForm<Encoded>;
  /** Rooms it wants to hear of; null for all of the user's. */
  readonly rooms: ReadonlySet<string> | null;
  /** Takes what its form encoded. Never throws, never waits: who reads too slowly is cut off. */
  send(encoded: Encoded): void;
  /** Sends what it holds, and closes. */
  end(reason: EndReason): void;
}

/** A user with at least one connection, or who had one a moment ago. */
export interface OnlineUser {
  readonly userId: string;
  username: string;
  readonly connections: Set<Connection>;
  /** Rooms the user is a member of. */
  readonly rooms: Set<string>;
  /** Fulfilled when the rooms are known; null when they still have to be read. */
  ready: Promise<void> | null;
}
