import type { Registry } from 'prom-client';
import type { Logger } from '../core/logger.ts';

/** Serves `GET /metrics` in Prometheus text format, and nothing else. */
export function metricsEndpoint(registry: Registry, logger: Logger): (request: Request) => Promise<Response> {
  return async ({ method, url }) => {
    if (new URL(url).pathname !== '/metrics') return plainText('Nothing here\n', 404);
    if (method !== 'GET' && method !== 'HEAD')
      return plainText('GET is needed\n', 405, { Allow: 'GET, HEAD' });
    try {
      return plainText(await registry.metrics(), 200, { 'Content-Type': registry.contentType });
    } catch (error) {
      logger.error('the metrics could not be gathered', { error });
      return plainText('The metrics could not be gathered\n', 500);
    }
  };
}

function plainText(text: string, status: number, headers: Record<string, string> = {}): Response {
  return new Response(text, {
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', ...headers },
  });
}
