import type { Registry } from 'prom-client';
import { type Sample, collectedCounter, collectedHistogram } from './collected.ts';
import type { MetricSources } from './sources.ts';

/** What is asked of the server, and what is refused. */
export function registerRequestMetrics(registry: Registry, { routes, core }: MetricSources): void {
  collectedCounter(
    registry,
    {
      name: 'letterlock_http_requests_total',
      help: 'Requests by route pattern and what came of them: ok, or the code of the refusal.',
      labels: ['route', 'code'],
    },
    function* () {
      for (const { route, ok, refused } of routes.values()) {
        yield [{ route, code: 'ok' }, ok];
        for (const [code, count] of refused) yield [{ route, code }, count];
      }
    },
  );
  collectedHistogram(
    registry,
    {
      name: 'letterlock_http_request_duration_seconds',
      help: 'From the head of a request to its answer, by route pattern; of an event stream, to its opening.',
      labels: ['route'],
    },
    function* () {
      // Routes that nobody uses would make up most of the text.
      for (const { route, seconds } of routes.values()) if (seconds.total > 0) yield [{ route }, seconds];
    },
  );
  collectedCounter(
    registry,
    { name: 'letterlock_refusals_total', help: 'Refused requests by code.', labels: ['reason'] },
    () => refusals(routes),
  );
  collectedCounter(
    registry,
    {
      name: 'letterlock_limits_reached_total',
      help: 'Requests refused by a rate limit, by the name of the limit.',
      labels: ['limit'],
    },
    function* () {
      for (const [limit, count] of core.limited) yield [{ limit }, count];
    },
  );
  collectedCounter(
    registry,
    {
      name: 'letterlock_handshakes_total',
      help: 'Session keys made: for new sessions, and for sessions that changed theirs.',
      labels: ['kind'],
    },
    () => [
      [{ kind: 'opened' }, core.handshakes.opened],
      [{ kind: 'rotated' }, core.handshakes.rotated],
    ],
  );
}

function refusals(routes: MetricSources['routes']): Sample<'reason'>[] {
  const byReason = new Map<string, number>();
  for (const { refused } of routes.values()) {
    for (const [code, count] of refused) byReason.set(code, (byReason.get(code) ?? 0) + count);
  }
  return [...byReason].map(([reason, count]) => [{ reason }, count]);
}
