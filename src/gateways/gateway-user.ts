import type { Caller } from '../core/caller.ts';
import type { Connection, EndReason, WireForm } from '../core/live/connection.ts';

/** Somebody who came in by a gateway, as core sees them: who asks, and who is told events. */
export class GatewayUser<Encoded> implements Connection<Encoded>, Caller {
  readonly userId: string;
  readonly username: string;
  readonly address: string;
  readonly way: string;
  readonly client: string;
  readonly form: WireForm<Encoded>;
  readonly sessionKeyId = null;
  readonly sessionId = null;
  readonly claim = null;
  readonly rooms = null;
  private readonly onEvent: (encoded: Encoded) => void;
  private readonly onEnd: (reason: EndReason) => void;

  constructor(user: {
    readonly userId: string;
    readonly username: string;
    readonly address: string;
    /** The gateway's name. */
    readonly way: string;
    readonly form: WireForm<Encoded>;
    /** Takes what the form encoded; never throws, never waits. */
    readonly onEvent: (encoded: Encoded) => void;
    /** Ends the connection from this side, after what it was told last. */
    readonly onEnd: (reason: EndReason) => void;
  }) {
    this.userId = user.userId;
    this.username = user.username;
    this.address = user.address;
    this.way = user.way;
    this.client = user.way;
    this.form = user.form;
    this.onEvent = user.onEvent;
    this.onEnd = user.onEnd;
  }

  send(encoded: Encoded): void {
    this.onEvent(encoded);
  }

  end(reason: EndReason): void {
    this.onEnd(reason);
  }
}
