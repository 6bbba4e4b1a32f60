import { slotCount } from './slots.ts';

/** A server of a cluster: `host:port`, as the cluster calls it. */
export type NodeAddress = string;

/** Which primary serves each slot, as far as it is known. It is never changed: another takes its place. */
export class SlotMap {
  static readonly empty = new SlotMap([]);

  readonly primaries: ReadonlySet<NodeAddress>;
  /** Whether every slot is served by somebody. */
  readonly isWhole: boolean;
  private readonly owners: readonly (NodeAddress | undefined)[];

  private constructor(owners: readonly (NodeAddress | undefined)[]) {
    this.owners = owners;
    const found = new Set(owners);
    this.isWhole = owners.length === slotCount && !found.delete(undefined);
    this.primaries = found as Set<NodeAddress>;
  }

  /**
   * Reads the answer to `CLUSTER SLOTS`.
   *
   * @param asked whose answer it is: a server that does not know its own host means the one it was reached by
   */
  static read(answer: unknown, asked: NodeAddress): SlotMap {
    const owners = Array.from<NodeAddress | undefined>({ length: slotCount });
    for (const [first, last, primary] of answer as [number, number, [string | null, number]][]) {
      owners.fill(nodeAddress(primary[0] ?? '', primary[1], asked), first, last + 1);
    }
    return new SlotMap(owners);
  }

  ownerOf(slot: number): NodeAddress | null {
    return this.owners[slot] ?? null;
  }

  with(slot: number, owner: NodeAddress): SlotMap {
    const owners = Array.from({ length: slotCount }, (_, at) => this.owners[at]);
    owners[slot] = owner;
    return new SlotMap(owners);
  }
}

/** A server named by another. An unknown host is that of the other. */
export function nodeAddress(host: string, port: string | number, asked: NodeAddress): NodeAddress {
  return `${host === '' || host === '?' ? splitAddress(asked).host : host}:${port}`;
}

/** Host and port; what is before the last colon may be an IPv6 address. */
export function splitAddress(address: NodeAddress): { host: string; port: string } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: address.slice(colon + 1) };
}

/** The server that a URL names. */
export function addressOfUrl(url: string): NodeAddress {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port === '' ? '6379' : port}`;
}
