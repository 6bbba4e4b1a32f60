import type { Clock } from '../../core/clock.ts';
import {
  type Beat,
  type Leases,
  type SharedPresence,
  leaseMilliseconds,
  nodeLifeMilliseconds,
  returnMilliseconds,
} from '../../core/nodes/shared-presence.ts';

interface KnownNode {
  livesUntil: number;
  users: Set<string>;
}

/** What nodes in one process share of who is online, and of names that one at a time has. */
export class PresenceBoard {
  private readonly clock: Clock;
  private nodes = new Map<string, KnownNode>();
  private rooms = new Map<string, Map<string, number>>();
  private leases = new Map<string, { node: string; until: number }>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Loses everything, as a server does that starts anew. */
  forget(): void {
    this.nodes = new Map();
    this.rooms = new Map();
    this.leases = new Map();
  }

  /** The view of one node. */
  presenceOf(nodeId: string): SharedPresence {
    const own = new Set<string>();
    return {
      enter: async (userId) => {
        own.add(userId);
        this.nodes.get(nodeId)?.users.add(userId);
        return [...this.nodes].some(([id, { users }]) => id !== nodeId && users.has(userId));
      },
      leave: async (userId) => {
        own.delete(userId);
        this.nodes.get(nodeId)?.users.delete(userId);
        let isElsewhere = false;
        for (const [id, { users, livesUntil }] of this.nodes) {
          if (id === nodeId || !users.has(userId)) continue;
          if (livesUntil > this.clock.now()) isElsewhere = true;
          else users.delete(userId);
        }
        return isElsewhere;
      },
      beat: async () => {
        this.nodes.set(nodeId, {
          livesUntil: this.clock.now() + nodeLifeMilliseconds,
          users: new Set(own),
        });
        return this.sweep();
      },
      withdraw: async () => {
        const node = this.nodes.get(nodeId);
        if (node !== undefined) node.livesUntil = this.clock.now();
      },
      onlineAmong: async (userIds) => new Set(userIds.filter((userId) => this.isOnline(userId))),
      some: async (limit) => this.some(limit),
      total: async () => this.live().reduce((all, [, { users }]) => all + users.size, 0),
      setCounts: async (counts) => {
        for (const [roomId, online] of counts) {
          const ofRoom = this.rooms.get(roomId) ?? new Map<string, number>();
          if (online === 0) ofRoom.delete(nodeId);
          else ofRoom.set(nodeId, online);
          this.rooms.set(roomId, ofRoom);
        }
      },
      counts: async (roomIds) => {
        const live = new Set(this.live().map(([id]) => id));
        return new Map(
          roomIds.map((roomId) => [
            roomId,
            new Map([...(this.rooms.get(roomId) ?? [])].filter(([id]) => live.has(id))),
          ]),
        );
      },
    };
  }

  /** The names of one node. */
  leasesOf(nodeId: string): Leases {
    const own = new Map<string, number | null>();
    const renew = (name: string): void => {
      this.leases.set(name, { node: nodeId, until: this.clock.now() + leaseMilliseconds });
    };
    return {
      take: async (name, until) => {
        const held = this.leases.get(name);
        if (held !== undefined && held.node !== nodeId && held.until > this.clock.now()) return false;
        own.set(name, until);
        renew(name);
        return true;
      },
      release: async (name) => {
        own.delete(name);
        if (this.leases.get(name)?.node === nodeId) this.leases.delete(name);
      },
      beat: async () => {
        for (const [name, until] of own) {
          if (until === null || until > this.clock.now()) renew(name);
          else own.delete(name);
        }
      },
    };
  }

  private sweep(): Beat {
    const departed: string[] = [];
    for (const [id, { livesUntil, users }] of this.nodes) {
      if (livesUntil + returnMilliseconds > this.clock.now()) continue;
      this.nodes.delete(id);
      for (const userId of users) if (!this.isOnline(userId)) departed.push(userId);
    }
    return { live: new Set(this.live().map(([id]) => id)), departed };
  }

  private live(): [string, KnownNode][] {
    return [...this.nodes].filter(([, { livesUntil }]) => livesUntil > this.clock.now());
  }

  private some(limit: number): string[] {
    const some = new Set<string>();
    for (const [, { users }] of this.live()) for (const userId of users) some.add(userId);
    return [...some].slice(0, limit);
  }

  private isOnline(userId: string): boolean {
    return this.live().some(([, { users }]) => users.has(userId));
  }
}
