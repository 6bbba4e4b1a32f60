import { type Refusal, errorCatalogue } from '../core/errors.ts';

/** Problem details (RFC 9457), with this protocol's own members (PROTOCOL.md §3). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  /** For a fault of the server: the request, by the name that the log has it under. */
  readonly instance?: string;
  readonly errors?: Readonly<Record<string, string>>;
  readonly next_seq?: number;
  readonly attempts_left?: number;
  readonly retry_after?: number;
  readonly reason?: string;
  readonly until?: string | null;
}

/** The problem details of a refusal. */
export function problemOf(refusal: Refusal): Problem {
  const { code, members } = refusal;
  const { status, title } = errorCatalogue[code];
  return {
    type: `urn:letterlock:problem:${code}`,
    title,
    status,
    detail: members.detail ?? title,
    code,
    ...(members.request === undefined ? {} : { instance: `urn:letterlock:request:${members.request}` }),
    ...(members.errors === undefined ? {} : { errors: members.errors }),
    ...(members.nextSeq === undefined ? {} : { next_seq: members.nextSeq }),
    ...(members.attemptsLeft === undefined ? {} : { attempts_left: members.attemptsLeft }),
    ...(members.retryAfter === undefined ? {} : { retry_after: members.retryAfter }),
    ...(members.reason === undefined ? {} : { reason: members.reason }),
    ...(members.until === undefined ? {} : { until: presentUntil(members.until) }),
  };
}

function presentUntil(until: number | null): string | null {
  return until === null ? null : new Date(until).toISOString();
}

/** Headers that every answer of the API carries. Any origin may call: no cookie or other ambient right exists. */
export const apiHeaders: Readonly<Record<string, string>> = {
  'Content-Type': 'application/json',
  'Cache-Control': 'no-store',
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Retry-After',
};

/** The same for what is sealed and went well: few, because they are written with every answer. */
export const sealedHeaders: Readonly<Record<string, string>> = {
  'Content-Type': 'application/json',
  'Access-Control-Allow-Origin': '*',
};

/** `Retry-After` where the refusal knows it. */
export function retryHeaders(refusal: Refusal | null): Record<string, string> {
  const seconds = refusal?.members.retryAfter;
  return seconds === undefined ? {} : { 'Retry-After': String(seconds) };
}

/** After a body that was not read to its end the connection cannot go on. */
export function closingHeaders({ code }: Refusal): Record<string, string> {
  return code === 'too_large' || code === 'encoding_unsupported' ? { Connection: 'close' } : {};
}

/** An answer in the clear, for when there is no session to seal with. */
export function clearProblem(refusal: Refusal, headers: Record<string, string> = {}): Response {
  const problem = problemOf(refusal);
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      ...apiHeaders,
      'Content-Type': 'application/problem+json',
      ...retryHeaders(refusal),
      ...headers,
    },
  });
}
