import type { RedisScript } from './script.ts';

/** Called with each message of a channel, as it was published. It must not throw. */
export type ChannelListener = (message: Buffer) => void;

/** Told when Redis, or a part of it, was lost and when it is back. What was written under another epoch is void. */
export interface RedisListener {
  lost?(): void;
  back?(epoch: string): void;
  /** Channels that were not heard are heard again: what was published meanwhile is lost. */
  subscribedAgain?(): void;
}

/** For how long a request waits for a connection; an answer is waited for about as long again. */
export const patienceMilliseconds = 1_000;

/**
 * What the program asks of Redis, be it one server or a cluster. Nothing is queued while it is away, but for those who
 * wait a moment for it. In a cluster, all that one command or script names lies together: it has one subject.
 */
export interface Redis {
  /** Names the incarnation of all the data that commands reach now; null while some of it is away. */
  readonly epoch: string | null;

  /** Whether everything can be asked for, and is heard. */
  readonly isUp: boolean;

  /** Connects. Resolves after the first attempt, and goes on trying by itself. */
  start(): Promise<void>;

  stop(): void;

  /** Asks every server whether it is there. @throws where one is not, or something is not connected */
  check(): Promise<void>;

  /** @returns a function that takes the listener away again */
  listen(listener: RedisListener): () => void;

  /**
   * A key, or a channel, of the kind for the subject. The subject is its hash tag: in a cluster, all that is kept for
   * it lies together, so that a script may touch several kinds.
   */
  key(kind: string, subject: string): string;

  /**
   * Sends one command. Its second word is a key made with `key`.
   *
   * @param patience milliseconds for which a connection is waited for
   * @throws RedisAway, or the server's error
   */
  command(args: readonly (string | Buffer)[], patience?: number): Promise<unknown>;

  /** Runs a script, of which the server already knows the text but for the first time. @throws as `command` */
  run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | Buffer)[],
    patience?: number,
  ): Promise<unknown>;

  /** Runs a script made by `epochScript`: it is given the epoch of the connection it is sent on. @throws as `command` */
  runInEpoch(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | Buffer)[],
    patience?: number,
  ): Promise<unknown>;

  /** Publishes on a sharded channel. @returns how many connections got it @throws as `command` */
  publish(channel: string, message: string | Buffer, patience?: number): Promise<number>;

  /**
   * Subscribes to a sharded channel; one listener for each. It lasts over lost connections, and while Redis is away it
   * is remembered. Resolves when the server has confirmed it, or when it has been remembered.
   */
  subscribe(channel: string, listener: ChannelListener): Promise<void>;

  /** Ends a subscription. */
  unsubscribe(channel: string): Promise<void>;
}

/** Who listens to what becomes of Redis. */
export class RedisListeners {
  private readonly listeners = new Set<RedisListener>();

  /** @returns a function that takes the listener away again */
  add(listener: RedisListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  lost(): void {
    for (const listener of [...this.listeners]) listener.lost?.();
  }

  back(epoch: string): void {
    for (const listener of [...this.listeners]) listener.back?.(epoch);
  }

  subscribedAgain(): void {
    for (const listener of [...this.listeners]) listener.subscribedAgain?.();
  }
}
