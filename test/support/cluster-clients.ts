import { type ConnectOptions, type LetterlockClient, connect } from '../../src/client/index.ts';
import { memoryPins } from '../../src/client/identity.ts';
import type { ClusterNode } from './cluster.ts';
import { emailOf, passwordOf } from './sealed-client.ts';

/** How a client comes to its nodes: as by a load balancer that knows nothing of sessions. */
export interface Route {
  /** The node that is asked for streams of events, as long as it can be reached. Default: any */
  readonly streamsFrom?: ClusterNode;
  /** The only node that is asked. */
  readonly only?: ClusterNode;
}

/** Sends each request to a node picked at random, and to another where that one cannot be reached at all. */
export function fetchFromAny(nodes: readonly ClusterNode[], { streamsFrom, only }: Route = {}): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const order = only === undefined ? shuffled(nodes) : [only];
    if (url.pathname === '/events' && streamsFrom !== undefined) order.unshift(streamsFrom);
    let failure: unknown = new TypeError('there is no node');
    for (const node of order) {
      try {
        return await fetch(node.url + url.pathname, init);
      } catch (error) {
        // Not connected is not asked; anything else may have been done already.
        if (!isRefused(error)) throw error;
        failure = error;
      }
    }
    throw failure;
  };
}

/** A client of all nodes, whose session nobody opens again when it is lost. */
export async function clientOf(
  nodes: readonly ClusterNode[],
  route: Route = {},
  options: Partial<ConnectOptions> = {},
): Promise<LetterlockClient> {
  return connect({
    url: 'http://cluster.example.org',
    pins: memoryPins(),
    // Those of a process that is held up, on a machine that has other things to do.
    attempts: 12,
    ...options,
    platform: { fetch: fetchFromAny(nodes, route), ...options.platform },
  });
}

/** The same, with a user of that name in it. */
export async function userOf(
  nodes: readonly ClusterNode[],
  username: string,
  route: Route = {},
  options: Partial<ConnectOptions> = {},
): Promise<LetterlockClient> {
  const client = await clientOf(nodes, route, options);
  await client.register({ username, email: emailOf(username), password: passwordOf(username) });
  return client;
}

function isRefused(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : null;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  const left = [...items];
  const order: Item[] = [];
  while (left.length > 0) order.push(...left.splice(Math.floor(Math.random() * left.length), 1));
  return order;
}
