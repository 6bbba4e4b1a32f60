import type { FanOut, FanOutReceiver, Topic } from '../../core/nodes/fan-out.ts';

/** What a bus does with one delivery to one node: how often, and how many turns later. */
export interface Fate {
  readonly times: number;
  readonly turns: number;
}

/** Joins several nodes in one process. */
export class FanOutBus {
  private readonly nodes = new Set<BusNode>();
  private readonly fate: (topic: Topic) => Fate;

  /** @param fate what becomes of each delivery; by default each comes once, in order */
  constructor(fate: (topic: Topic) => Fate = () => ({ times: 1, turns: 0 })) {
    this.fate = fate;
  }

  /** A place on the bus for one more node. */
  join(): FanOut {
    const node = new BusNode(this);
    this.nodes.add(node);
    return node;
  }

  /** Takes a place away, as if the node had died. */
  leave(node: FanOut): void {
    if (node instanceof BusNode) this.nodes.delete(node);
  }

  /** Hands over to every node but the one that it comes from. */
  carry(from: BusNode | null, topic: Topic, payload: Buffer): void {
    if (from !== null && !this.nodes.has(from)) return;
    for (const node of this.nodes) {
      if (node === from) continue;
      const { times, turns } = this.fate(topic);
      for (let at = 0; at < times; at++) deliverAfter(turns, () => node.deliver(topic, payload));
    }
  }

  /** Tells every node that what was published meanwhile may be lost. */
  resume(): void {
    for (const node of this.nodes) node.resume();
  }
}

class BusNode implements FanOut {
  private readonly bus: FanOutBus;
  private readonly topics = new Set<Topic>();
  private receiver: FanOutReceiver | null = null;

  constructor(bus: FanOutBus) {
    this.bus = bus;
  }

  publish(topic: Topic, payload: Buffer): void {
    this.bus.carry(this, topic, payload);
  }

  async subscribe(topic: Topic): Promise<void> {
    this.topics.add(topic);
  }

  unsubscribe(topic: Topic): void {
    this.topics.delete(topic);
  }

  async start(receiver: FanOutReceiver): Promise<void> {
    this.receiver = receiver;
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {
    this.bus.leave(this);
  }

  deliver(topic: Topic, payload: Buffer): void {
    if (this.topics.has(topic)) this.receiver?.received(topic, payload);
  }

  resume(): void {
    this.receiver?.resumed();
  }
}

function deliverAfter(turns: number, deliver: () => void): void {
  if (turns <= 0) setImmediate(deliver);
  else setImmediate(() => deliverAfter(turns - 1, deliver));
}
