import type { AddressRanges } from '../core/addresses.ts';
import { Refusal } from '../core/errors.ts';
import { readBody } from './body.ts';
import type { Observation } from './observation.ts';
import { apiHeaders, clearProblem, closingHeaders, retryHeaders } from './problem.ts';
import { type HttpContext, addressOf, clientOf, lastSegment, pathAsSent } from './request.ts';
import { parseStrictJson } from './strict-json.ts';

/** A request to a way in that has its own words for everything: what HTTP can say of it, and no more. */
export interface MountedRequest {
  /** Canonical address of the client. */
  readonly address: string;
  /** What the client calls itself. */
  readonly client: string;
  /** The last segment of the path, decoded. */
  readonly parameter: string;
  /** The body, read as strictly as everywhere else. */
  readonly body: unknown;
  /** What the client is told of anything that was thrown; faults are logged by it, once. */
  readonly refusalFor: (error: unknown) => Refusal;
}

/** What the way in answers, refusals in its own words too. */
export interface MountedAnswer {
  readonly status: number;
  /** Written as JSON. */
  readonly body: unknown;
  /** What it refuses, for whoever counts; null where it does not. */
  readonly refusal: Refusal | null;
}

/** A POST under this app that another part of the program answers. */
export interface MountedRoute {
  /** As Hono writes it. */
  readonly path: string;
  /** Lets an address in, or throws, before anything of its request is read. Default: everybody may ask */
  readonly admit?: (address: string) => Promise<void>;
  /** What it throws becomes a problem in the clear, as on every other path. */
  readonly answer: (request: MountedRequest) => Promise<MountedAnswer>;
}

interface MountedDependencies {
  readonly observation: Observation;
  readonly trustProxy: AddressRanges;
}

/** Serves a mounted route with the limits and the strictness of the rest of the app. */
export function serveMounted({ observation, trustProxy }: MountedDependencies, route: MountedRoute) {
  const note = observation.of(route.path);
  return async (context: HttpContext): Promise<Response> => {
    const startedAt = performance.now();
    const refusalFor = (error: unknown): Refusal => observation.refusalFor(context, route.path, error);
    try {
      const address = addressOf(context, trustProxy);
      await route.admit?.(address);
      const request = { ...(await readRequest(context)), address, refusalFor };
      const { status, body, refusal } = await route.answer(request);
      note(context, startedAt, refusal?.code ?? 'ok', status);
      return new Response(JSON.stringify(body), {
        status,
        headers: { ...apiHeaders, ...retryHeaders(refusal) },
      });
    } catch (error) {
      const refusal = refusalFor(error);
      note(context, startedAt, refusal.code);
      return clearProblem(refusal, closingHeaders(refusal));
    }
  };
}

/** @throws Refusal `too_large`, `encoding_unsupported`, `payload_malformed`, `not_found` */
async function readRequest(
  context: HttpContext,
): Promise<Pick<MountedRequest, 'client' | 'parameter' | 'body'>> {
  const body = parseStrictJson(await readBody(context));
  if (!body.ok) throw new Refusal('payload_malformed', { detail: body.problem });
  const parameter = lastSegment(pathAsSent(context));
  if (parameter === null) throw new Refusal('not_found', { detail: 'The path is not well encoded' });
  return { client: clientOf(context), parameter, body: body.value };
}
