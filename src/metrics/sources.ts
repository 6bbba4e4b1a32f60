import type { CoreCounts } from '../core/counts.ts';
import type { Distribution } from '../core/distribution.ts';
import type { HubCounts } from '../core/live/hub.ts';

/** What came of the requests to one route since the start. */
export interface RouteFigures {
  /** The path's pattern. */
  readonly route: string;
  readonly ok: number;
  /** By the catalogue's code. */
  readonly refused: ReadonlyMap<string, number>;
  readonly seconds: Distribution;
}

/** Tasks that are under way, and that wait. */
export interface QueueDepth {
  readonly running: number;
  readonly waiting: number;
}

/** Everything the metrics are read from. Nothing of it is touched until somebody asks. */
export interface MetricSources {
  readonly routes: ReadonlyMap<string, RouteFigures>;
  readonly core: CoreCounts;
  readonly hub: HubCounts;
  /** Sessions held in memory, by kind. */
  readonly sessions: () => { readonly anonymous: number; readonly loggedIn: number };
  /** Writes that shared each commit. */
  readonly writesOfCommit: Distribution;
  readonly queues: Readonly<Record<string, () => QueueDepth>>;
  readonly mail: { readonly accepted: number; readonly postponed: number; readonly givenUp: number };
  /** How many mails wait to be accepted, due or not. */
  readonly mailsWaiting: () => Promise<number>;
}
