import { ErrorReply, type RedisClientType } from '@redis/client';
import type { Timers } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { AnswerWatch } from './answer-watch.ts';
import { RedisAway } from './redis-away.ts';

/** A connection that is open, and the data it was opened for. It is never opened again: after it comes another. */
export interface OpenLink {
  readonly client: RedisClientType;
  /** Names this incarnation of the data. */
  readonly epoch: string;
}

export interface KeptLinkOptions {
  /** Makes a client that is not connected yet, and that does not reconnect by itself. */
  readonly makeClient: () => RedisClientType;
  readonly name: string;
  readonly timers: Timers;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly logger: Logger;
  /** A server of a cluster may refuse what it does not serve just now: that is for whoever asks to deal with. */
  readonly isOfCluster?: boolean;
  /** Called with each connection before anybody else gets it. One that this fails for is given up. */
  readonly prepare?: (link: OpenLink) => Promise<void>;
  readonly onUp?: (link: OpenLink) => void;
  readonly onDown?: () => void;
}

/** For connecting, with all that a connection needs before it is of use. */
const connectMilliseconds = 2_000;
const firstPause = 50;
const longestPause = 1_000;
/** A connection on which nothing is asked is tried this often. */
const heartbeatMilliseconds = 1_000;
/** Those that wait for a connection; who comes beyond is refused at once. */
const maxWaiting = 4_096;

/**
 * Keeps one connection to Redis open. When it breaks, or when an answer is late, it is given up with all that was asked
 * on it, and another is opened, with growing pauses of uneven length: many nodes lose Redis at the same time.
 *
 * Every connection is a client of its own, because the client library's own way of reconnecting would send what waits
 * before anybody has looked whether the data is still the same.
 */
export class KeptLink {
  private readonly options: KeptLinkOptions;
  private open: OpenLink | null = null;
  private watch: AnswerWatch | null = null;
  private isStopped = false;
  private attempts = 0;
  private saidDown = false;
  private cancelTimer = (): void => {};
  private readonly waiting = new Set<(link: OpenLink | null) => void>();

  constructor(options: KeptLinkOptions) {
    this.options = options;
  }

  /** The connection that is open now, or null. */
  get current(): OpenLink | null {
    return this.open;
  }

  /** Begins. Resolves after the first attempt, whether it succeeded or not. */
  async start(): Promise<void> {
    await this.connect();
  }

  /** Closes the connection and opens none any more. */
  stop(): void {
    this.isStopped = true;
    this.cancelTimer();
    for (const settle of [...this.waiting]) settle(null);
    if (this.open !== null) this.drop(this.open, null);
  }

  /** The connection, waited for at most that long. @throws RedisAway */
  async whenOpen(milliseconds: number): Promise<OpenLink> {
    if (this.open !== null) return this.open;
    if (milliseconds <= 0 || this.isStopped || this.waiting.size >= maxWaiting) throw new RedisAway();
    const link = await new Promise<OpenLink | null>((resolve) => {
      const settle = (result: OpenLink | null): void => {
        this.waiting.delete(settle);
        cancel();
        resolve(result);
      };
      const cancel = this.options.timers.setTimeout(() => settle(null), milliseconds);
      this.waiting.add(settle);
    });
    if (link === null) throw new RedisAway();
    return link;
  }

  /** Sends a command on that connection. @throws RedisAway, or the server's error */
  async send(link: OpenLink, args: readonly (string | Buffer)[]): Promise<unknown> {
    const { watch } = this;
    if (link !== this.open || watch === null) throw new RedisAway();
    watch.asked();
    try {
      return await link.client.sendCommand(args);
    } catch (error) {
      if (error instanceof ErrorReply && isOverloaded(error)) throw new RedisAway(error);
      if (error instanceof ErrorReply && !this.meansAway(error)) throw error;
      // With a full queue the connection itself is sound.
      if (error instanceof ErrorReply || !link.client.isReady) this.drop(link, error);
      throw new RedisAway(error);
    } finally {
      watch.answered();
    }
  }

  /** Gives the connection up, so that another is opened. */
  drop(link: OpenLink, error: unknown): void {
    if (link !== this.open) return;
    this.open = null;
    this.watch?.stop();
    this.watch = null;
    this.cancelTimer();
    destroy(link.client);
    if (!this.isStopped) this.sayDown(error);
    this.options.onDown?.();
    if (!this.isStopped) this.retry();
  }

  private async connect(): Promise<void> {
    const { options } = this;
    this.attempts += 1;
    const client = options.makeClient();
    let link: OpenLink | null = null;
    let failure: unknown = null;
    client.on('error', (error: unknown) => {
      if (link !== null) this.drop(link, error);
    });
    let cancel = (): void => {};
    const tooLong = new Promise<never>((_resolve, reject) => {
      cancel = options.timers.setTimeout(
        () => reject(new Error('connecting took too long')),
        connectMilliseconds,
      );
    });
    try {
      link = await Promise.race([this.makeReady(client), tooLong]);
    } catch (error) {
      failure = error;
    } finally {
      cancel();
    }
    if (this.isStopped || link === null) {
      destroy(client);
      if (this.isStopped) return;
      this.sayDown(failure);
      this.retry();
      return;
    }
    this.up(link);
  }

  private async makeReady(client: RedisClientType): Promise<OpenLink | null> {
    await client.connect();
    const link = { client, epoch: await readEpoch(client, this.options.isOfCluster ?? false) };
    await this.options.prepare?.(link);
    return client.isReady ? link : null;
  }

  private up(link: OpenLink): void {
    const { timers, logger, name } = this.options;
    this.open = link;
    this.watch = new AnswerWatch(timers, () => this.drop(link, new Error('an answer is late')));
    this.attempts = 0;
    this.beat(link);
    if (this.saidDown) logger.info('redis is back', { link: name });
    this.saidDown = false;
    this.options.onUp?.(link);
    for (const settle of [...this.waiting]) settle(link);
  }

  private retry(): void {
    const pause = Math.min(longestPause, firstPause * 2 ** Math.min(this.attempts, 10));
    this.cancelTimer = this.options.timers.setTimeout(
      () => void this.connect(),
      pause * (0.5 + this.options.random() / 2),
    );
  }

  /** Finds out that the other end is gone where nothing else would. */
  private beat(link: OpenLink): void {
    this.cancelTimer = this.options.timers.setTimeout(() => {
      if (link !== this.open) return;
      this.beat(link);
      this.send(link, ['PING']).catch((error: unknown) => this.drop(link, error));
    }, heartbeatMilliseconds);
  }

  /** Of a server that does not, or must not, serve now: another connection may find one that does. */
  private meansAway(error: Error): boolean {
    if (error.message.startsWith('CLUSTERDOWN')) return this.options.isOfCluster !== true;
    return /^(LLEPOCH|READONLY|LOADING|MASTERDOWN|NOREPLICAS|UNBLOCKED|NOAUTH|MISCONF)\b/.test(error.message);
  }

  private sayDown(error: unknown): void {
    if (this.saidDown) return;
    this.saidDown = true;
    this.options.logger.warn('redis is away', { link: this.options.name, error });
  }
}

/** Its memory is full, or a script keeps it from all else: another connection would find the same. */
function isOverloaded(error: Error): boolean {
  return /^(OOM|BUSY)\b/.test(error.message);
}

/** What the server says it is: another process, or another history of its data, is another epoch. */
async function readEpoch(client: RedisClientType, isOfCluster: boolean): Promise<string> {
  const server = await client.sendCommand<string>(['INFO', 'server']);
  const replication = await client.sendCommand<string>(['INFO', 'replication']);
  const runId = /^run_id:(\w+)/m.exec(server)?.[1];
  const replicationId = /^master_replid:(\w+)/m.exec(replication)?.[1];
  if (runId === undefined || replicationId === undefined)
    throw new Error('the server does not say who it is');
  if (/^redis_mode:cluster/m.test(server) && !isOfCluster)
    throw new Error('the server is one of a cluster, and REDIS_URL does not end with ?cluster=on');
  if (/^role:slave/m.test(replication)) throw new Error('the server is a replica');
  return `${runId}:${replicationId}`;
}

function destroy(client: RedisClientType): void {
  // It throws where it is closed already.
  if (client.isOpen) client.destroy();
}
