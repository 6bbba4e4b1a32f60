import { type ErrorCode, Refusal, errorCatalogue } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { clearProblem, closingHeaders } from './problem.ts';
import type { HttpContext } from './request.ts';
import type { Outcome, RequestCounts } from './request-counts.ts';
import type { RequestId } from './request-id.ts';

/**
 * Takes note of what came of a request, once its answer is there.
 *
 * @param startedAt of `performance.now()`
 * @param status where it is not the one of the outcome
 */
export type NoteOutcome = (
  context: HttpContext,
  startedAt: number,
  outcome: Outcome,
  status?: number,
) => void;

/** Where requests are counted, logged, and their faults explained. */
export interface Observation {
  /** For a route, by its pattern. */
  of(route: string): NoteOutcome;
  /**
   * What the client is told of anything that was thrown. A fault of ours is logged, here and nowhere else, with the
   * name of the request that the answer carries too.
   */
  refusalFor(context: HttpContext, route: string, error: unknown): Refusal;
}

/** Counts every request; logs faults, and at the level `debug` every request. */
export function observeRequests(parts: {
  readonly counts: RequestCounts;
  readonly requestId: RequestId;
  readonly logger: Logger;
}): Observation {
  const { counts, requestId, logger } = parts;
  return {
    of: (route) => {
      const ofRoute = counts.of(route);
      return (context, startedAt, outcome, status) => {
        const milliseconds = performance.now() - startedAt;
        ofRoute.add(outcome);
        ofRoute.seconds.add(milliseconds / 1000);
        if (!logger.writesDebug) return;
        logger.debug('request', {
          request: requestId(context),
          method: context.req.method,
          path: route,
          status: status ?? statusOf(outcome),
          outcome,
          milliseconds: Math.round(milliseconds * 1000) / 1000,
        });
      };
    },
    refusalFor: (context, route, error) => {
      if (error instanceof Refusal && error.code !== 'internal') return error;
      const request = requestId(context);
      logger.error('a request failed', { request, path: route, error });
      return new Refusal('internal', { request });
    },
  };
}

/** Serves a route in the clear: what is thrown becomes a problem, and what came of the request is noted. */
export function serveClear(
  observation: Observation,
  route: string,
  answer: (context: HttpContext) => Response | Promise<Response>,
): (context: HttpContext) => Promise<Response> {
  const note = observation.of(route);
  return async (context) => {
    const startedAt = performance.now();
    try {
      const response = await answer(context);
      // Only `/readyz` answers with an error that is no refusal, with the status of `busy`.
      note(context, startedAt, response.status < 400 ? 'ok' : 'busy', response.status);
      return response;
    } catch (error) {
      const refusal = observation.refusalFor(context, route, error);
      note(context, startedAt, refusal.code);
      return clearProblem(refusal, closingHeaders(refusal));
    }
  };
}

function statusOf(outcome: Outcome): number {
  return outcome === 'ok' ? 200 : errorCatalogue[outcome satisfies ErrorCode].status;
}
