import { Registry, collectDefaultMetrics } from 'prom-client';
import { registerLiveMetrics } from './live-metrics.ts';
import { registerRequestMetrics } from './request-metrics.ts';
import type { MetricSources } from './sources.ts';
import { registerWorkMetrics } from './work-metrics.ts';

/** Each of these makes a list of every open socket whenever somebody asks. */
const tooDear = [
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
];

/**
 * All metrics: the server's own, and those of the process, among them how late the event loop runs
 * (`nodejs_eventloop_lag_*`, since the scrape before).
 */
export function createMetrics(sources: MetricSources): Registry {
  const registry = new Registry();
  registerRequestMetrics(registry, sources);
  registerLiveMetrics(registry, sources);
  registerWorkMetrics(registry, sources);
  collectDefaultMetrics({ register: registry });
  for (const name of tooDear) registry.removeSingleMetric(name);
  return registry;
}
