import { Distribution } from '../core/distribution.ts';
import type { ErrorCode } from '../core/errors.ts';

/** What came of a request: it was done, or refused with a code of the catalogue. */
export type Outcome = ErrorCode | 'ok';

/** The route under which requests count that belong to none: unknown paths, and what is no request at all. */
export const noRoute = 'none';

/** Seconds: from what a sealed request takes to what only a queue makes it take. */
const durationBounds = [
  0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** What came of the requests to one route. */
export class RouteCounts {
  /** The path's pattern, never a path as somebody sent it. */
  readonly route: string;
  /** Requests that were done. */
  ok = 0;
  /** Requests that were refused, by code. */
  readonly refused = new Map<ErrorCode, number>();
  /** How long requests took from their head to the answer, in seconds. */
  readonly seconds = new Distribution(durationBounds);

  constructor(route: string) {
    this.route = route;
  }

  /** Counts one. Called with every request, so what goes well costs no look into a Map. */
  add(outcome: Outcome): void {
    if (outcome === 'ok') this.ok += 1;
    else this.refused.set(outcome, (this.refused.get(outcome) ?? 0) + 1);
  }
}

/** The counts of all routes. */
export class RequestCounts {
  readonly routes = new Map<string, RouteCounts>();

  /** The counts of a route, for whoever serves it to keep. */
  of(route: string): RouteCounts {
    let counts = this.routes.get(route);
    if (counts === undefined) this.routes.set(route, (counts = new RouteCounts(route)));
    return counts;
  }
}
