import { Hono } from 'hono';
import { Refusal } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { openSession } from '../core/sessions/handshake.ts';
import { readBody } from './body.ts';
import { docsPage } from './docs-page.ts';
import { type AnyEndpoint, checkInput } from './endpoint.ts';
import { openApiDocument } from './openapi.ts';
import { presentHandshake } from './present.ts';
import { apiHeaders, clearProblem } from './problem.ts';
import { type HttpContext, type HttpEnvironment, addressOf, clientOf } from './request.ts';
import { acceptPublicKey, handshakeInput } from './routes/sessions.ts';
import { type SealedDependencies, serveSealed } from './sealed.ts';
import { parseStrictJson } from './strict-json.ts';

export interface AppDependencies extends SealedDependencies {
  readonly endpoints: readonly AnyEndpoint[];
  readonly openSession: ReturnType<typeof openSession>;
  /** The published identity keys, as a JWK set. */
  readonly jwks: { readonly keys: readonly unknown[] };
  /** Rejects while the server cannot do its work. */
  readonly checkReadiness: () => Promise<void>;
  readonly version: string;
  readonly publicUrl: string;
}

/** The HTTP API: the sealed endpoints, the handshake, and the plain pages (PROTOCOL.md §5). */
export function createApp(dependencies: AppDependencies): Hono<HttpEnvironment> {
  const app = new Hono<HttpEnvironment>();
  const methods = new Map<string, string>();
  const plain = (path: string, answer: () => Response | Promise<Response>): void => {
    app.get(path, answer);
    methods.set(path, 'GET, HEAD');
  };
  const openApi = openApiDocument(dependencies);
  const page = docsPage(dependencies, openApi);

  for (const endpoint of dependencies.endpoints) {
    app.post(endpoint.path, serveSealed(dependencies, endpoint));
    methods.set(endpoint.path, 'POST');
  }
  app.post('/create_session_key', (context) => createSessionKey(dependencies, context));
  methods.set('/create_session_key', 'POST');

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
  plain('/', () => new Response(null, { status: 302, headers: { Location: '/docs' } }));

  app.notFound((context) => otherMethod(methods, context) ?? clearProblem(new Refusal('not_found')));
  app.onError((error) => answerFault(dependencies.logger, error));
  return app;
}

/** What a fault of ours is answered with; it is logged here and nowhere else. */
export function answerFault(logger: Logger, error: unknown): Response {
  if (error instanceof Refusal) return clearProblem(error);
  logger.error('a request failed', { error });
  return clearProblem(new Refusal('internal'));
}

async function createSessionKey(dependencies: AppDependencies, context: HttpContext): Promise<Response> {
  try {
    const body = parseStrictJson(await readBody(context));
    if (!body.ok) throw new Refusal('payload_malformed', { detail: body.problem });
    const input = checkInput(handshakeInput, body.value);
    const answer = await dependencies.openSession(
      { publicKey: acceptPublicKey(input.public_key), enc: input.enc ?? 'A256GCM' },
      { address: addressOf(context, dependencies.trustProxy), client: clientOf(context) },
    );
    return new Response(JSON.stringify(presentHandshake(answer)), { headers: { ...apiHeaders } });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return clearProblem(error, error.code === 'too_large' ? { Connection: 'close' } : {});
  }
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
 * What a path answers to every method but its own: 405 with `Allow`, or the preflight that a browser sends first. Null
 * for an unknown path.
 */
function otherMethod(methods: ReadonlyMap<string, string>, context: HttpContext): Response | null {
  const path = context.req.path;
  const allowed = methods.get(path) ?? methods.get(path.replace(/^(\/\w+\/)[^/]+$/, '$1:username'));
  if (allowed === undefined) return null;
  const allow = `${allowed}, OPTIONS`;
  if (context.req.method !== 'OPTIONS')
    return clearProblem(new Refusal('method_not_allowed'), { Allow: allow });
  return new Response(null, {
    status: 204,
    headers: {
      Allow: allow,
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Methods': allowed,
      'Access-Control-Allow-Headers': 'Content-Type',
      'Access-Control-Max-Age': '86400',
    },
  });
}
