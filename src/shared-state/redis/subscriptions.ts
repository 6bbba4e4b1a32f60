import { ErrorReply, type RedisClientType } from '@redis/client';
import type { Timers } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { KeptLink, type OpenLink } from './kept-link.ts';
import type { ChannelListener } from './redis.ts';
import { RedisAway } from './redis-away.ts';

export interface SubscriptionsOptions {
  readonly makeClient: () => RedisClientType;
  readonly timers: Timers;
  readonly random: () => number;
  readonly logger: Logger;
  readonly onAgain: () => void;
  /** Default `subscriptions` */
  readonly name?: string;
  /** Where the server is one of a cluster, which may have channels elsewhere at any time. */
  readonly cluster?: {
    /** Divides channels into those that one command may name. */
    readonly groups: (channels: readonly string[]) => string[][];
    /** The server does not have this channel, or not any more. It is forgotten here. */
    readonly onMoved: (channel: string) => void;
    readonly onDown: () => void;
  };
}

/** Channels that are subscribed to with one command after a lost connection. */
const channelsAtOnce = 500;
/** Commands that are sent before the first of them is waited for. */
const commandsAtOnce = 500;

/**
 * Sharded subscriptions on one server, on a connection of their own that is kept up: each new one subscribes to them
 * all again.
 */
export class Subscriptions {
  private readonly options: SubscriptionsOptions;
  private readonly link: KeptLink;
  private readonly listeners = new Map<string, ChannelListener>();
  /** Commands about single channels that are not answered yet. */
  private changing = 0;

  constructor(options: SubscriptionsOptions) {
    this.options = options;
    this.link = new KeptLink({
      ...options,
      name: options.name ?? 'subscriptions',
      isOfCluster: options.cluster !== undefined,
      prepare: ({ client }) => {
        client.on('sharded-channel-moved', (channel: string) => this.moved(channel));
        return this.subscribeAll(client);
      },
      onUp: ({ client }) => {
        // Those that came while the others were subscribed to again.
        void this.subscribeAll(client).then(options.onAgain, () => {});
      },
      ...(options.cluster === undefined ? {} : { onDown: options.cluster.onDown }),
    });
  }

  get isUp(): boolean {
    return this.link.current !== null;
  }

  start(): Promise<void> {
    return this.link.start();
  }

  stop(): void {
    this.link.stop();
  }

  async add(channel: string, listener: ChannelListener): Promise<void> {
    this.listeners.set(channel, listener);
    await this.change(({ client }) => this.subscribe(client, [channel]));
  }

  async remove(channel: string): Promise<void> {
    if (!this.listeners.delete(channel)) return;
    await this.change(async ({ client }) => {
      await client.sUnsubscribe(channel, this.deliver, true).catch((error: unknown) => {
        if (!this.isElsewhere(error)) throw error;
      });
      // Wanted again meanwhile: what was asked for last holds.
      if (this.listeners.has(channel)) await this.subscribe(client, [channel]);
    });
  }

  /** A channel of a cluster is another server's now. This one ends the subscription by itself. */
  forget(channel: string): void {
    this.listeners.delete(channel);
  }

  /**
   * Begins anew where the server counts other subscriptions than there should be: it may have told of one that ended
   * while the client library took everything for an answer.
   */
  async compare(): Promise<void> {
    const link = this.link.current;
    if (link === null || this.changing > 0) return;
    const expected = this.listeners.size;
    const info = await this.link.send(link, ['CLIENT', 'INFO']).catch(() => null);
    const found = typeof info === 'string' ? /\bssub=(\d+)/.exec(info)?.[1] : undefined;
    if (found === undefined || this.changing > 0 || this.listeners.size !== expected) return;
    if (Number(found) !== expected) this.link.drop(link, new Error('the server has other subscriptions'));
  }

  private readonly deliver = (message: Buffer, channel: Buffer): void => {
    this.listeners.get(channel.toString())?.(message);
  };

  private async change(make: (link: OpenLink) => Promise<void>): Promise<void> {
    const { current } = this.link;
    if (current === null) return;
    this.changing += 1;
    try {
      await make(current);
    } catch (error) {
      this.link.drop(current, error);
    } finally {
      this.changing -= 1;
    }
  }

  private async subscribeAll(client: RedisClientType): Promise<void> {
    const groups = this.grouped([...this.listeners.keys()]);
    for (let at = 0; at < groups.length; at += commandsAtOnce) {
      if (!client.isReady) throw new RedisAway();
      await Promise.all(groups.slice(at, at + commandsAtOnce).map((group) => this.subscribe(client, group)));
    }
  }

  private async subscribe(client: RedisClientType, channels: string[]): Promise<void> {
    try {
      await client.sSubscribe(channels, this.deliver, true);
    } catch (error) {
      if (!this.isElsewhere(error)) throw error;
      for (const channel of channels) this.moved(channel);
    }
  }

  private moved(channel: string): void {
    if (this.listeners.delete(channel)) this.options.cluster?.onMoved(channel);
  }

  private isElsewhere(error: unknown): boolean {
    return (
      this.options.cluster !== undefined &&
      error instanceof ErrorReply &&
      /^(MOVED|CLUSTERDOWN|TRYAGAIN)\b/.test(error.message)
    );
  }

  private grouped(channels: readonly string[]): string[][] {
    if (this.options.cluster !== undefined) return this.options.cluster.groups(channels);
    const groups: string[][] = [];
    for (let at = 0; at < channels.length; at += channelsAtOnce) {
      groups.push(channels.slice(at, at + channelsAtOnce));
    }
    return groups;
  }
}
