/**
 * How nodes tell each other what has happened, declared here and implemented by `src/shared-state/`. What is handed over
 * may be lost, come twice or in another order: whatever depends on it is checked against the store.
 */
export interface FanOut {
  /** Tells every other node that has subscribed. Never throws, never waits. */
  publish(topic: Topic, payload: Buffer): void;
  /**
   * Asks for what is published on the topic, again and again until it holds. Fulfilled when whatever is published from
   * then on is heard, or when that cannot be known now. Never throws.
   */
  subscribe(topic: Topic): Promise<void>;
  unsubscribe(topic: Topic): void;
  /** Called once, before anything else. */
  start(receiver: FanOutReceiver): Promise<void>;
  /** Hands over what was published, as far as that can be done within the time. */
  flush(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

/** One room, one user, or everything that concerns all nodes. */
export type Topic = `room:${string}` | `user:${string}` | 'control';

/** What a node does with what it hears. Nothing of it throws. */
export interface FanOutReceiver {
  received(topic: Topic, payload: Buffer): void;
  /** Nothing was heard for a while, and is again: whatever was published meanwhile is lost. */
  resumed(): void;
}

export function roomTopic(roomId: string): Topic {
  return `room:${roomId}`;
}

export function userTopic(userId: string): Topic {
  return `user:${userId}`;
}
