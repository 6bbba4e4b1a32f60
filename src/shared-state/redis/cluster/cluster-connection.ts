import type { Timers } from '../../../core/clock.ts';
import type { Logger } from '../../../core/logger.ts';
import { addressOfNode } from '../address.ts';
import { type Send, evaluate } from '../evaluate.ts';
import { KeptLink } from '../kept-link.ts';
import {
  type ChannelListener,
  type Redis,
  type RedisListener,
  RedisListeners,
  patienceMilliseconds,
} from '../redis.ts';
import { RedisAway } from '../redis-away.ts';
import type { RedisScript } from '../script.ts';
import { Subscriptions } from '../subscriptions.ts';
import { askAny, askOpenLinks } from './ask-slots.ts';
import { ClusterSubscriptions } from './cluster-subscriptions.ts';
import { NodeLinks } from './node-links.ts';
import { type Redirect, readRedirect } from './redirect.ts';
import { type NodeAddress, type SlotMap, addressOfUrl, splitAddress } from './slot-map.ts';
import { SlotWatch } from './slot-watch.ts';
import { slotOf } from './slots.ts';

export interface RedisClusterOptions {
  /** URLs of some of the servers, all with the same password. */
  readonly seeds: readonly string[];
  readonly timers: Timers;
  readonly logger: Logger;
  /** Before every key and channel. Default `ll:` */
  readonly prefix?: string;
  /** From 0 to 1. */
  readonly random?: () => number;
}

/** How often one command is sent on to another server. */
const maxRedirects = 5;
/** Before one is asked again that nobody serves just now. */
const pauseMilliseconds = 25;

/**
 * A Redis Cluster: every command goes to the primary that serves the slot of its key. Each primary has an epoch of its
 * own, so that a server that fails makes void what it had, and nothing else.
 */
export class RedisCluster implements Redis {
  private readonly options: RedisClusterOptions;
  private readonly prefix: string;
  private readonly random: () => number;
  private readonly listeners = new RedisListeners();
  private readonly links: NodeLinks;
  private readonly slots: SlotWatch;
  private readonly subscriptions: ClusterSubscriptions;
  private isStopped = false;

  constructor(options: RedisClusterOptions) {
    this.options = options;
    this.prefix = options.prefix ?? 'll:';
    this.random = options.random ?? Math.random;
    const { timers, logger } = options;
    this.links = new NodeLinks((address) => this.linkTo(address));
    this.slots = new SlotWatch({
      timers,
      logger,
      ask: () => this.askSlots(),
      onMap: (map) => this.follow(map),
      isSound: () => this.isUp,
    });
    this.subscriptions = new ClusterSubscriptions({
      open: (address, cluster) =>
        new Subscriptions({
          ...this.linkOptions(address),
          name: `subscriptions of ${address}`,
          onAgain: () => this.listeners.subscribedAgain(),
          cluster,
        }),
      map: () => this.slots.current,
      onAgain: () => this.listeners.subscribedAgain(),
      onDoubt: () => this.slots.refresh(),
    });
  }

  get epoch(): string | null {
    const { primaries, isWhole } = this.slots.current;
    const epochs = [...primaries].sort().map((address) => this.links.epochOf(address));
    return isWhole && !epochs.includes(null) ? epochs.join(',') : null;
  }

  get isUp(): boolean {
    return this.epoch !== null && this.subscriptions.isUp;
  }

  async start(): Promise<void> {
    await this.slots.start();
    await this.links.tried();
  }

  stop(): void {
    this.isStopped = true;
    this.slots.stop();
    this.subscriptions.stop();
    this.links.stop();
  }

  async check(): Promise<void> {
    if (!this.isUp) throw new RedisAway();
    const { primaries } = this.slots.current;
    await Promise.all(
      [...primaries].map(async (address) => {
        const link = this.links.of(address);
        await link.send(await link.whenOpen(0), ['PING']);
      }),
    );
  }

  listen(listener: RedisListener): () => void {
    return this.listeners.add(listener);
  }

  key(kind: string, subject: string): string {
    return `${this.prefix}${kind}:{${subject}}`;
  }

  command(args: readonly (string | Buffer)[], patience = patienceMilliseconds): Promise<unknown> {
    return this.route(String(args[1] ?? ''), patience, (send) => send(args));
  }

  run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | Buffer)[],
    patience = patienceMilliseconds,
  ): Promise<unknown> {
    return this.route(keys[0] ?? '', patience, (send) => evaluate(send, script, keys, args));
  }

  runInEpoch(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | Buffer)[],
    patience = patienceMilliseconds,
  ): Promise<unknown> {
    return this.route(keys[0] ?? '', patience, (send, epoch) =>
      evaluate(send, script, keys, [epoch, ...args]),
    );
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

  /** Has the work done by the server of the key, and by the one that this refers to where it does not serve it. */
  private async route(
    key: string,
    patience: number,
    work: (send: Send, epoch: string) => Promise<unknown>,
  ): Promise<unknown> {
    const slot = slotOf(key);
    const until = performance.now() + patience;
    let importing: NodeAddress | null = null;
    for (let redirects = 0; ;) {
      const address: NodeAddress | null = importing ?? this.slots.current.ownerOf(slot);
      let refused: unknown = null;
      if (address !== null) {
        const kept = this.links.of(address);
        const link = kept.current ?? (await kept.whenOpen(until - performance.now()));
        const send: Send = importing === null ? (args) => kept.send(link, args) : askingSend(kept, link);
        try {
          return await work(send, link.epoch);
        } catch (error) {
          refused = error;
        }
      }
      importing = null;
      const redirect: Redirect | null = address === null ? { kind: 'later' } : readRedirect(refused, address);
      if (redirect === null) throw refused;
      if (redirect.kind === 'later') {
        this.slots.refresh();
        if (this.isStopped || performance.now() + pauseMilliseconds > until) throw new RedisAway(refused);
        await this.pause();
        continue;
      }
      redirects += 1;
      if (this.isStopped || redirects > maxRedirects) throw new RedisAway(refused);
      if (redirect.kind === 'moved') this.slots.moved(slot, redirect.to);
      else importing = redirect.to;
    }
  }

  private follow(map: SlotMap): void {
    this.links.follow(map.primaries);
    this.subscriptions.follow(map);
  }

  private async askSlots(): Promise<SlotMap> {
    const map = await askOpenLinks(this.links.open(), this.random);
    if (map !== null) {
      void this.subscriptions.compare();
      return map;
    }
    const asked = new Set([...this.options.seeds.map(addressOfUrl), ...this.slots.current.primaries]);
    return askAny(
      [...asked].map((address) => [address, this.addressOf(address)] as const),
      this.options.timers,
    );
  }

  private linkTo(address: NodeAddress): KeptLink {
    const link: KeptLink = new KeptLink({
      ...this.linkOptions(address),
      name: `commands of ${address}`,
      isOfCluster: true,
      onUp: ({ epoch }) => this.listeners.back(epoch),
      onDown: () => {
        // One that was left is no loss.
        if (!this.links.has(address, link)) return;
        this.listeners.lost();
        this.slots.refresh();
      },
    });
    return link;
  }

  private linkOptions(address: NodeAddress) {
    const { timers, logger } = this.options;
    return { makeClient: () => this.addressOf(address).makeClient(), timers, logger, random: this.random };
  }

  private addressOf(address: NodeAddress) {
    return addressOfNode(this.options.seeds[0] ?? '', splitAddress(address));
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      this.options.timers.setTimeout(resolve, pauseMilliseconds);
    });
  }
}

/** Sends each command with leave to find the slot where it is not served yet. */
function askingSend(kept: KeptLink, link: Parameters<KeptLink['send']>[0]): Send {
  return (args) => {
    kept.send(link, ['ASKING']).catch(() => {});
    return kept.send(link, args);
  };
}
