import type { RunningServer } from '../../src/composition.ts';
import type { Hub } from '../../src/core/live/hub.ts';

/** A server under test, of however many nodes. */
interface Several {
  readonly nodes: readonly RunningServer[];
}

/** Connections to all nodes. */
export function connectionCount(server: Several): number {
  return sum(server, ({ core }) => core.hub.connectionCount);
}

/** Connections of the user, to whichever nodes. */
export function connectionsOf(server: Several, userId: string): number {
  return sum(server, ({ core }) => core.hub.connectionsOf(userId));
}

/** Connections by one way in, to whichever nodes. */
export function connectionsBy(server: Several, way: string): number {
  return sum(server, ({ core }) => core.hub.counts.connections.get(way) ?? 0);
}

/** Whether the user has a connection by the way in, to any node. */
export function isConnectedBy(server: Several, userId: string, way: string): boolean {
  return server.nodes.some(({ core }) => core.hub.isConnectedBy(userId, way));
}

/** Connections by one way in that any node has cut off because they did not read. */
export function tooSlow(server: Several, way: string): number {
  return sum(server, ({ core }) => core.hub.counts.tooSlow.get(way) ?? 0);
}

/** What a node counts, of all nodes together. */
export function sum({ nodes }: Several, count: (node: RunningServer) => number): number {
  return nodes.reduce((total, node) => total + count(node), 0);
}

/** Does on all nodes what they do now and then. */
export async function doUpkeep({ nodes }: Several): Promise<void> {
  for (const { core } of nodes) await core.upkeep.run();
}

/** Has the next connection to any node go through this, which attaches it in its time. */
export function atNextAttach(
  { nodes }: Several,
  take: (attach: () => Promise<void>, connection: Parameters<Hub['attach']>[0]) => Promise<void>,
): void {
  const hubs = nodes.map(({ core: { hub } }) => ({ hub, attach: hub.attach.bind(hub) }));
  for (const { hub, attach } of hubs) {
    hub.attach = async (connection, username) => {
      for (const each of hubs) each.hub.attach = each.attach;
      await take(() => attach(connection, username), connection);
    };
  }
}
