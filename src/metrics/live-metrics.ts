import type { Registry } from 'prom-client';
import { type Sample, collectedCounter, collectedGauge } from './collected.ts';
import type { MetricSources } from './sources.ts';

/** Who is there, and what they are told. */
export function registerLiveMetrics(registry: Registry, { hub, sessions }: MetricSources): void {
  collectedGauge(
    registry,
    {
      name: 'letterlock_connections',
      help: 'Live connections that are told events, by way in.',
      labels: ['way'],
    },
    () => byWay(hub.connections),
  );
  collectedCounter(
    registry,
    {
      name: 'letterlock_deliveries_total',
      help: 'Events handed to connections, by way in.',
      labels: ['way'],
    },
    () => byWay(hub.deliveries),
  );
  collectedCounter(
    registry,
    {
      name: 'letterlock_connections_cut_off_total',
      help: 'Connections cut off because they did not read, by way in.',
      labels: ['way'],
    },
    () => byWay(hub.tooSlow),
  );
  collectedGauge(
    registry,
    { name: 'letterlock_sessions', help: 'Session keys held in memory, by kind.', labels: ['kind'] },
    () => {
      const { anonymous, loggedIn } = sessions();
      return [
        [{ kind: 'anonymous' }, anonymous],
        [{ kind: 'logged_in' }, loggedIn],
      ];
    },
  );
}

function byWay(counts: ReadonlyMap<string, number>): Sample<'way'>[] {
  return [...counts].map(([way, count]) => [{ way }, count]);
}
