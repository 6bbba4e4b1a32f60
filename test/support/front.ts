import type { RunningServer } from '../../src/composition.ts';
import type { Environment } from '../../src/config.ts';
import { type Spread, spreadConnections, spreadRequests } from './spread.ts';

/** What stands before the nodes of a server under test, as a load balancer does. */
export interface Front {
  /** Where the sealed API is reached. */
  readonly url: string;
  readonly gatewayUrls: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** The listener of each way in, by its name. */
const variables = {
  http: 'LISTEN_HTTP',
  reset: 'LISTEN_RESET',
  frames: 'LISTEN_FRAMES',
  chatroom: 'LISTEN_CHATROOM',
  chateau: 'LISTEN_CHATEAU',
  rooms: 'LISTEN_ROOMS',
} as const;

type Way = keyof typeof variables;

/** The fronts of all ways in that the environment has on, open before the nodes are. */
export class Fronts {
  private readonly spreads: ReadonlyMap<Way, Spread>;
  private nodes: readonly RunningServer[] = [];

  private constructor(spreads: ReadonlyMap<Way, Spread>) {
    this.spreads = spreads;
  }

  static async open(environment: Environment): Promise<Fronts> {
    const spreads = new Map<Way, Spread>();
    const fronts = new Fronts(spreads);
    for (const [name, variable] of Object.entries(variables) as [Way, string][]) {
      const listen = environment[variable] ?? 'off';
      if (listen === 'off') continue;
      const targets = () =>
        fronts.nodes.map((node, at) => {
          const { hostname: host, port } = new URL(urlOf(node, name));
          return { at, host, port: Number(port) };
        });
      // What is encrypted, or is no HTTP, is passed on as bytes.
      const spread = listen.startsWith('http:') ? spreadRequests : spreadConnections;
      spreads.set(name, await spread(targets));
    }
    return fronts;
  }

  /** Where the front of a way in listens; null where it is off. */
  portOf(way: Way): number | null {
    return this.spreads.get(way)?.port ?? null;
  }

  /** Sends everything that comes from now on to these. */
  before(nodes: readonly RunningServer[]): Front {
    this.nodes = nodes;
    const [first] = nodes;
    if (first === undefined) throw new Error('there is no node');
    const outside = (way: Way): string => urlOf(first, way).replace(/:\d+(?=\/|$)/, `:${this.portOf(way)}`);
    return {
      url: outside('http'),
      gatewayUrls: Object.fromEntries(
        Object.keys(first.gatewayUrls).map((name) => [name, outside(name as Way)]),
      ),
      close: () => this.close(),
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.spreads.values()].map((spread) => spread.close()));
  }
}

function urlOf(node: RunningServer, way: Way): string {
  return (way === 'http' ? node.url : node.gatewayUrls[way]) ?? '';
}
