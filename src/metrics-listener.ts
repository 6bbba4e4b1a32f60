import type { Config } from './config.ts';
import { isLoopback } from './config-listeners.ts';
import type { Logger } from './core/logger.ts';
import { type Listener, listen } from './http/listener.ts';
import { metricsEndpoint } from './metrics/endpoint.ts';
import { createMetrics } from './metrics/registry.ts';
import type { MetricSources } from './metrics/sources.ts';

/**
 * Serves the metrics where `LISTEN_METRICS` says; null where that is `off`.
 *
 * @throws the listener's system error
 */
export async function openMetricsListener(
  config: Config,
  parentLogger: Logger,
  parts: { sources: MetricSources; tls: { keyPem: string; certificatePem: string } },
): Promise<Listener | null> {
  if (config.metrics === null) return null;
  const logger = parentLogger.child('metrics');
  if (!config.metrics.secure && !isLoopback(config.metrics)) {
    logger.warn(
      'LISTEN_METRICS: whoever reaches this address reads the metrics, and they travel in the clear',
      {
        host: config.metrics.host,
      },
    );
  }
  return listen({
    fetch: metricsEndpoint(createMetrics(parts.sources), logger),
    host: config.metrics.host,
    port: config.metrics.port,
    tls: config.metrics.secure ? parts.tls : null,
    logger,
    variable: 'LISTEN_METRICS',
  });
}
