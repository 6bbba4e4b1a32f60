import type { ChannelListener } from '../redis.ts';
import type { Subscriptions, SubscriptionsOptions } from '../subscriptions.ts';
import type { NodeAddress, SlotMap } from './slot-map.ts';
import { slotOf } from './slots.ts';

interface Channel {
  readonly name: string;
  readonly slot: number;
  readonly listener: ChannelListener;
  /** Where it is subscribed to, or asked for; null while nobody is known to have it. */
  at: NodeAddress | null;
}

export interface ClusterSubscriptionsOptions {
  readonly open: (
    address: NodeAddress,
    cluster: NonNullable<SubscriptionsOptions['cluster']>,
  ) => Subscriptions;
  /** Which server has which slot, as far as it is known now. */
  readonly map: () => SlotMap;
  readonly onAgain: () => void;
  /** Some channel is not where it was thought to be, or a server is away. */
  readonly onDoubt: () => void;
}

/** Sharded subscriptions in a cluster: each channel on the primary of its slot, and on another one when the slot moves. */
export class ClusterSubscriptions {
  private readonly options: ClusterSubscriptionsOptions;
  private readonly channels = new Map<string, Channel>();
  private readonly homeless = new Set<Channel>();
  private readonly nodes = new Map<NodeAddress, Subscriptions>();
  private isStopped = false;

  constructor(options: ClusterSubscriptionsOptions) {
    this.options = options;
  }

  /** Whether every channel is heard. */
  get isUp(): boolean {
    return this.homeless.size === 0 && [...this.nodes.values()].every((node) => node.isUp);
  }

  async add(name: string, listener: ChannelListener): Promise<void> {
    const before = this.channels.get(name);
    const channel: Channel = { name, slot: slotOf(name), listener, at: null };
    this.channels.set(name, channel);
    if (before !== undefined) this.homeless.delete(before);
    this.homeless.add(channel);
    await this.place(channel, this.options.map());
  }

  async remove(name: string): Promise<void> {
    const channel = this.channels.get(name);
    if (channel === undefined) return;
    this.channels.delete(name);
    this.homeless.delete(channel);
    if (channel.at !== null) await this.nodes.get(channel.at)?.remove(name);
  }

  /** Moves the channels whose slots have moved, and leaves servers that have nothing to do with it any more. */
  follow(map: SlotMap): void {
    const moved: Promise<void>[] = [];
    const used = new Set<NodeAddress>(map.primaries);
    for (const channel of this.channels.values()) {
      const owner = map.ownerOf(channel.slot);
      if (owner !== null && owner !== channel.at) {
        if (channel.at !== null) this.nodes.get(channel.at)?.forget(channel.name);
        moved.push(this.place(channel, map));
      }
      if (channel.at !== null) used.add(channel.at);
    }
    for (const [address, node] of this.nodes) {
      if (used.has(address)) continue;
      this.nodes.delete(address);
      node.stop();
    }
    if (moved.length > 0) void Promise.all(moved).then(this.options.onAgain);
  }

  /** Compares with what the servers think is subscribed to. */
  async compare(): Promise<void> {
    await Promise.all([...this.nodes.values()].map((node) => node.compare()));
  }

  stop(): void {
    this.isStopped = true;
    for (const node of this.nodes.values()) node.stop();
  }

  private async place(channel: Channel, map: SlotMap): Promise<void> {
    const owner = map.ownerOf(channel.slot);
    channel.at = owner;
    if (owner === null || this.isStopped) return;
    this.homeless.delete(channel);
    const known = this.nodes.get(owner);
    const node = known ?? this.open(owner);
    const added = node.add(channel.name, channel.listener);
    await (known === undefined ? node.start() : added);
  }

  private open(address: NodeAddress): Subscriptions {
    const node = this.options.open(address, {
      groups: bySlot,
      onMoved: (name) => this.lose(name, address),
      onDown: () => {
        if (this.nodes.get(address) === node) this.options.onDoubt();
      },
    });
    this.nodes.set(address, node);
    return node;
  }

  /** The next map tells where it is. */
  private lose(name: string, from: NodeAddress): void {
    const channel = this.channels.get(name);
    if (channel?.at !== from) return;
    channel.at = null;
    this.homeless.add(channel);
    this.options.onDoubt();
  }
}

function bySlot(channels: readonly string[]): string[][] {
  const groups = new Map<number, string[]>();
  for (const channel of channels) {
    const slot = slotOf(channel);
    const group = groups.get(slot);
    if (group === undefined) groups.set(slot, [channel]);
    else group.push(channel);
  }
  return [...groups.values()];
}
