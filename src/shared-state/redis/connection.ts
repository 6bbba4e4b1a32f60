import type { Timers } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import type { RedisAddress } from './address.ts';
import { type Send, evaluate } from './evaluate.ts';
import { KeptLink, type OpenLink } from './kept-link.ts';
import {
  type ChannelListener,
  type Redis,
  type RedisListener,
  RedisListeners,
  patienceMilliseconds,
} from './redis.ts';
import { RedisAway } from './redis-away.ts';
import type { RedisScript } from './script.ts';
import { Subscriptions } from './subscriptions.ts';

export interface RedisConnectionOptions {
  readonly address: RedisAddress;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Before every key and channel. Default `ll:` */
  readonly prefix?: string;
  /** From 0 to 1. */
  readonly random?: () => number;
}

/**
 * One server: commands and scripts on one connection, sharded subscriptions on another, so that a flood of messages
 * holds no request up.
 */
export class RedisConnection implements Redis {
  private readonly commands: KeptLink;
  private readonly subscriptions: Subscriptions;
  private readonly listeners = new RedisListeners();
  private readonly prefix: string;

  constructor(options: RedisConnectionOptions) {
    const { address, timers, logger } = options;
    const random = options.random ?? Math.random;
    this.prefix = options.prefix ?? 'll:';
    this.commands = new KeptLink({
      makeClient: () => address.makeClient(),
      name: 'commands',
      timers,
      random,
      logger,
      onUp: ({ epoch }) => this.listeners.back(epoch),
      onDown: () => this.listeners.lost(),
    });
    this.subscriptions = new Subscriptions({
      makeClient: () => address.makeClient(),
      timers,
      random,
      logger,
      onAgain: () => this.listeners.subscribedAgain(),
    });
  }

  get epoch(): string | null {
    return this.commands.current?.epoch ?? null;
  }

  get isUp(): boolean {
    return this.commands.current !== null && this.subscriptions.isUp;
  }

  async start(): Promise<void> {
    await Promise.all([this.commands.start(), this.subscriptions.start()]);
  }

  stop(): void {
    this.commands.stop();
    this.subscriptions.stop();
  }

  async check(): Promise<void> {
    if (!this.isUp) throw new RedisAway();
    await this.command(['PING'], 0);
  }

  listen(listener: RedisListener): () => void {
    return this.listeners.add(listener);
  }

  key(kind: string, subject: string): string {
    return `${this.prefix}${kind}:{${subject}}`;
  }

  async command(args: readonly (string | Buffer)[], patience = patienceMilliseconds): Promise<unknown> {
    const link = this.commands.current ?? (await this.commands.whenOpen(patience));
    return this.commands.send(link, args);
  }

  async run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | Buffer)[],
    patience = patienceMilliseconds,
  ): Promise<unknown> {
    const link = this.commands.current ?? (await this.commands.whenOpen(patience));
    return evaluate(this.sendOn(link), script, keys, args);
  }

  async runInEpoch(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | Buffer)[],
    patience = patienceMilliseconds,
  ): Promise<unknown> {
    const link = this.commands.current ?? (await this.commands.whenOpen(patience));
    return evaluate(this.sendOn(link), script, keys, [link.epoch, ...args]);
  }

  async publish(channel: string, message: string | Buffer, patience = 0): Promise<number> {
    return Number(await this.command(['SPUBLISH', channel, message], patience));
  }

  subscribe(channel: string, listener: ChannelListener): Promise<void> {
    return this.subscriptions.add(channel, listener);
  }

  unsubscribe(channel: string): Promise<void> {
    return this.subscriptions.remove(channel);
  }

  private sendOn(link: OpenLink): Send {
    return (args) => this.commands.send(link, args);
  }
}
