import { Hono } from 'hono';
import { Refusal } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { admitHandshake, openSession } from '../core/sessions/handshake.ts';
import { readBody } from './body.ts';
import { docsPage } from './docs-page.ts';
import { type AnyEndpoint, checkInput } from './endpoint.ts';
import { serveClear } from './observation.ts';
import { type Way, homePage } from './home-page.ts';
import { openApiDocument } from './openapi.ts';
import { presentHandshake } from './present.ts';
import { apiHeaders, clearProblem } from './problem.ts';
import { type MountedRoute, serveMounted } from './mounted.ts';
import { type HttpContext, type HttpEnvironment, addressOf, clientOf } from './request.ts';
import { type Outcome, noRoute } from './request-counts.ts';
import { acceptPublicKey, handshakeInput } from './routes/sessions.ts';
import { type SealedDependencies, serveSealed } from './sealed.ts';
import { parseStrictJson } from './strict-json.ts';

export interface AppDependencies extends SealedDependencies {
  readonly endpoints: readonly AnyEndpoint[];
  readonly admitHandshake: ReturnType<typeof admitHandshake>;
  readonly openSession: ReturnType<typeof openSession>;
  /** The published identity keys, as a JWK set. */
  readonly jwks: { readonly keys: readonly unknown[] };
  /** Rejects while the server cannot do its work. */
  readonly checkReadiness: () => Promise<void>;
  readonly version: string;
  readonly publicUrl: string;
  /** The other ways in, as they are served now. */
  readonly ways: () => readonly Way[];
  readonly logger: Logger;
  /** What else is answered on this listener. Default none */
  readonly mounted?: readonly MountedRoute[];
}

/** The HTTP API: the sealed endpoints, the handshake, and the plain pages (PROTOCOL.md §5). */
export function createApp(dependencies: AppDependencies): Hono<HttpEnvironment> {
  const { observation } = dependencies;
  const app = new Hono<HttpEnvironment>();
  const methods = new Map<string, string>();
  const plain = (path: string, answer: (context: HttpContext) => Response | Promise<Response>): void => {
    app.get(path, serveClear(observation, path, answer));
    methods.set(path, 'GET, HEAD');
  };
  const openApi = openApiDocument(dependencies);
  const page = docsPage(dependencies, openApi);
  const home = homePage(dependencies);

  for (const endpoint of dependencies.endpoints) {
    app.post(endpoint.path, serveSealed(dependencies, endpoint));
    methods.set(endpoint.path, 'POST');
  }
  const handshake = '/create_session_key';
  app.post(
    handshake,
    serveClear(observation, handshake, (context) => createSessionKey(dependencies, context)),
  );
  methods.set(handshake, 'POST');

  for (const route of dependencies.mounted ?? []) {
    app.post(route.path, serveMounted(dependencies, route));
    methods.set(route.path, 'POST');
  }

  plain('/.well-known/jwks.json', () =>
    json(dependencies.jwks, {
      'Content-Type': 'application/jwk-set+json',
      'Cache-Control': 'public, max-age=300',
    }),
  );
  plain('/healthz', () => json({ status: 'ok' }));
  plain('/readyz', () => readiness(dependencies));
  plain('/openapi.json', () => json(openApi, { 'Cache-Control': 'public, max-age=300' }));
  plain('/docs', () => new Response(page.html, { headers: page.headers }));
  plain('/', (context) => home(context.req.url));

  app.notFound((context) => {
    const startedAt = performance.now();
    const { route, outcome, response } = answerUnserved(methods, context);
    observation.of(route)(context, startedAt, outcome, response.status);
    return response;
  });
  app.onError((error, context) => clearProblem(observation.refusalFor(context, noRoute, error)));
  return app;
}

async function createSessionKey(dependencies: AppDependencies, context: HttpContext): Promise<Response> {
  const address = addressOf(context, dependencies.trustProxy);
  await dependencies.admitHandshake(address);
  const body = parseStrictJson(await readBody(context));
  if (!body.ok) throw new Refusal('payload_malformed', { detail: body.problem });
  const input = checkInput(handshakeInput, body.value);
  const answer = await dependencies.openSession(
    { publicKey: acceptPublicKey(input.public_key), enc: input.enc ?? 'A256GCM' },
    { address, client: clientOf(context) },
  );
  return new Response(JSON.stringify(presentHandshake(answer)), { headers: { ...apiHeaders } });
}

async function readiness({ checkReadiness, logger }: AppDependencies): Promise<Response> {
  try {
    await checkReadiness();
    return json({ status: 'ready' });
  } catch (error) {
    logger.warn('not ready', { error });
    return new Response(JSON.stringify({ status: 'not ready' }), { status: 503, headers: { ...apiHeaders } });
  }
}

function json(value: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(value), { headers: { ...apiHeaders, ...headers } });
}

/**
 * What a path answers to every method but its own: 405 with `Allow`, or the preflight that a browser sends first. And
 * what an unknown path answers to any.
 */
function answerUnserved(
  methods: ReadonlyMap<string, string>,
  context: HttpContext,
): { route: string; outcome: Outcome; response: Response } {
  const { path } = context.req;
  const pattern = methods.has(path) ? path : path.replace(/^((?:\/\w+)+\/)[^/]+$/, '$1:username');
  const allowed = methods.get(pattern);
  if (allowed === undefined) {
    return { route: noRoute, outcome: 'not_found', response: clearProblem(new Refusal('not_found')) };
  }
  const allow = `${allowed}, OPTIONS`;
  if (context.req.method !== 'OPTIONS') {
    const response = clearProblem(new Refusal('method_not_allowed'), { Allow: allow });
    return { route: pattern, outcome: 'method_not_allowed', response };
  }
  const response = new Response(null, {
    status: 204,
    headers: {
      Allow: allow,
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Methods': allowed,
      'Access-Control-Allow-Headers': 'Content-Type',
      'Access-Control-Max-Age': '86400',
    },
  });
  return { route: pattern, outcome: 'ok', response };
}
