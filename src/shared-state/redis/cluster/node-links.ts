import type { KeptLink } from '../kept-link.ts';
import type { NodeAddress } from './slot-map.ts';

/** One connection for the commands of each server of a cluster, opened when it is first needed. */
export class NodeLinks {
  private readonly make: (address: NodeAddress) => KeptLink;
  private readonly links = new Map<NodeAddress, KeptLink>();
  private readonly starting = new Set<Promise<void>>();
  /** Asked for since the last time that some were left. */
  private readonly used = new Set<NodeAddress>();
  private isStopped = false;

  constructor(make: (address: NodeAddress) => KeptLink) {
    this.make = make;
  }

  /** The one to that server. */
  of(address: NodeAddress): KeptLink {
    this.used.add(address);
    const known = this.links.get(address);
    if (known !== undefined) return known;
    const link = this.make(address);
    this.links.set(address, link);
    if (this.isStopped) {
      link.stop();
      return link;
    }
    const started = link.start().finally(() => this.starting.delete(started));
    this.starting.add(started);
    return link;
  }

  has(address: NodeAddress, link: KeptLink): boolean {
    return this.links.get(address) === link;
  }

  /** Those that are open. */
  open(): [NodeAddress, KeptLink][] {
    return [...this.links].filter(([, link]) => link.current !== null);
  }

  epochOf(address: NodeAddress): string | null {
    return this.links.get(address)?.current?.epoch ?? null;
  }

  /** Opens those that are missing, and leaves servers that serve nothing and were not asked for lately. */
  follow(primaries: ReadonlySet<NodeAddress>): void {
    for (const [address, link] of [...this.links]) {
      if (primaries.has(address) || this.used.has(address)) continue;
      this.links.delete(address);
      link.stop();
    }
    this.used.clear();
    for (const address of primaries) this.of(address);
    this.used.clear();
  }

  /** Resolves when each was tried once. */
  async tried(): Promise<void> {
    await Promise.all(this.starting);
  }

  stop(): void {
    this.isStopped = true;
    for (const link of this.links.values()) link.stop();
  }
}
