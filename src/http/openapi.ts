import { z } from 'zod';
import { type ErrorCode, errorCatalogue } from '../core/errors.ts';
import type { AnyEndpoint } from './endpoint.ts';
import { handshake } from './fields.ts';
import { handshakeInput } from './routes/sessions.ts';

/** Refusals of anything that cannot be taken in, whatever it asks for. */
const ofAnyRequest = [
  'payload_malformed',
  'kicked',
  'banned',
  'request_timeout',
  'too_large',
  'encoding_unsupported',
  'invalid_input',
  'rate_limited',
  'headers_too_large',
  'internal',
  'busy',
] as const satisfies readonly ErrorCode[];

/** Refusals that any sealed request may get, sealed or in the clear. */
export const sealedRefusals: readonly ErrorCode[] = [
  ...ofAnyRequest,
  'session_unknown',
  'payload_rejected',
  'replayed',
  'idem_mismatch',
];

type JsonSchema = Record<string, unknown>;

export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, unknown>>;
  readonly components: { readonly schemas: Record<string, JsonSchema> };
  readonly [member: string]: unknown;
}

/**
 * The OpenAPI 3.1 document, from the same schemas that check requests. The outer body of a sealed endpoint is the
 * envelope; what is inside its `payload` is described by `contentSchema`, as JSON Schema has it for encoded text.
 */
export function openApiDocument(api: {
  endpoints: readonly AnyEndpoint[];
  version: string;
  publicUrl: string;
}): OpenApiDocument {
  const schemas: Record<string, JsonSchema> = { Problem: problemSchema() };
  const inline = (schema: z.ZodType, io: 'input' | 'output'): JsonSchema => {
    const {
      $schema: _,
      $defs,
      ...rest
    } = z.toJSONSchema(schema, {
      target: 'draft-2020-12',
      io,
      unrepresentable: 'any',
    }) as JsonSchema & { $defs?: Record<string, JsonSchema> };
    for (const [name, definition] of Object.entries($defs ?? {})) schemas[name] = relinked(definition);
    return relinked(rest);
  };
  const paths: Record<string, Record<string, unknown>> = {
    '/create_session_key': { post: handshakeOperation(inline) },
  };
  for (const endpoint of api.endpoints) {
    paths[endpoint.path.replaceAll(/:(\w+)/g, '{$1}')] = { post: sealedOperation(endpoint, inline) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Letterlock',
      version: api.version,
      description: 'Every payload but the handshake is sealed under a session key: JWE compact, `alg: dir`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: api.publicUrl }],
    paths: { ...paths, ...plainPaths() },
    components: { schemas },
  };
}

type Inline = (schema: z.ZodType, io: 'input' | 'output') => JsonSchema;

function sealedOperation(endpoint: AnyEndpoint, inline: Inline): JsonSchema {
  const own: readonly ErrorCode[] = endpoint.login
    ? ['not_logged_in', ...endpoint.refusals]
    : endpoint.refusals;
  const parameter = /:(\w+)/.exec(endpoint.path)?.[1];
  return {
    operationId: endpoint.path.split('/')[1],
    tags: [endpoint.group],
    summary: endpoint.summary,
    'x-login': endpoint.login,
    'x-idem': endpoint.changes,
    ...(parameter === undefined
      ? {}
      : { parameters: [{ name: parameter, in: 'path', required: true, schema: { type: 'string' } }] }),
    requestBody: {
      required: true,
      content: { 'application/json': { schema: envelope(inline(endpoint.input, 'input'), true) } },
    },
    responses: {
      200: endpoint.streams === true ? eventStream(endpoint, inline) : done(endpoint, inline),
      ...refusalResponses([...own, ...sealedRefusals]),
    },
  };
}

function done(endpoint: AnyEndpoint, inline: Inline): JsonSchema {
  return {
    description: 'Done',
    content: { 'application/json': { schema: envelope(inline(endpoint.output, 'output'), false) } },
  };
}

/** Server-sent events, whose `data` is sealed: what is inside each. */
function eventStream(endpoint: AnyEndpoint, inline: Inline): JsonSchema {
  const schema = {
    type: 'string',
    description: 'The `data` of each event is JWE compact; opened, it holds:',
    contentMediaType: 'application/jose',
    contentSchema: inline(endpoint.output, 'output'),
  };
  return { description: 'A stream of events', content: { 'text/event-stream': { schema } } };
}

function handshakeOperation(inline: Inline): JsonSchema {
  return {
    operationId: 'create_session_key',
    tags: ['Sessions'],
    summary: 'A session key for a public key, in the clear',
    requestBody: {
      required: true,
      content: { 'application/json': { schema: inline(handshakeInput, 'input') } },
    },
    responses: {
      200: {
        description: 'A session',
        content: { 'application/json': { schema: inline(handshake, 'output') } },
      },
      ...refusalResponses(['key_refused', ...ofAnyRequest]),
    },
  };
}

/** The JSON around a sealed payload, with what is inside. */
function envelope(content: JsonSchema, request: boolean): JsonSchema {
  const payload = {
    type: 'string',
    contentMediaType: 'application/jose',
    description: 'JWE compact; opened, it holds:',
    contentSchema: content,
  };
  return request
    ? {
        type: 'object',
        properties: { session_key: { type: 'string' }, payload },
        required: ['session_key', 'payload'],
        additionalProperties: false,
      }
    : { type: 'object', properties: { payload }, required: ['payload'] };
}

function refusalResponses(codes: readonly ErrorCode[]): JsonSchema {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = errorCatalogue[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const responses: JsonSchema = {};
  for (const [status, sameStatus] of byStatus) {
    responses[status] = {
      description: [...new Set(sameStatus)].map((code) => `\`${code}\``).join(', '),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
  return responses;
}

function problemSchema(): JsonSchema {
  return {
    type: 'object',
    description: 'Problem details (RFC 9457); sealed where the request was authentic',
    properties: {
      type: { type: 'string' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      code: { type: 'string', enum: Object.keys(errorCatalogue) },
      instance: { type: 'string', format: 'uri' },
      errors: { type: 'object', additionalProperties: { type: 'string' } },
      next_seq: { type: 'integer' },
      attempts_left: { type: 'integer' },
      retry_after: { type: 'integer' },
      reason: { type: 'string' },
      until: { type: ['string', 'null'], format: 'date-time' },
    },
    required: ['type', 'title', 'status', 'detail', 'code'],
  };
}

function plainPaths(): Record<string, Record<string, unknown>> {
  const plain = (summary: string) => ({
    get: { tags: ['Plain'], summary, responses: { 200: { description: 'OK' } } },
  });
  return {
    '/.well-known/jwks.json': plain("The server's identity keys"),
    '/healthz': plain('The process answers'),
    '/readyz': plain('The server can do its work'),
    '/openapi.json': plain('This document'),
    '/docs': plain('The same for people'),
  };
}

/** Points references at where OpenAPI keeps shared schemas. */
function relinked(schema: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonSchema;
}
