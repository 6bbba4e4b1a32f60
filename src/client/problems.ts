import { LetterlockError, type ProblemDetails, type ServerErrorCode } from './errors.ts';
import type { JsonAnswer } from './http.ts';

/** Refusals of anything that is no request the server can read, whatever its path. */
const ofAnyRequest = [
  'payload_malformed',
  'not_found',
  'method_not_allowed',
  'request_timeout',
  'too_large',
  'encoding_unsupported',
  'headers_too_large',
  'rate_limited',
  'internal',
  'busy',
] as const satisfies readonly ServerErrorCode[];

/** What a sealed request can be answered in the clear: that there is no session to seal with, or no request. */
export const clearCodesOfSealed: readonly ServerErrorCode[] = [
  ...ofAnyRequest,
  'session_unknown',
  'payload_rejected',
];

/** What a handshake, or a public page, can be answered. */
export const clearCodesOfHandshake: readonly ServerErrorCode[] = [
  ...ofAnyRequest,
  'key_refused',
  'invalid_input',
  'kicked',
  'banned',
];

/**
 * The failure that an answer in the clear stands for.
 *
 * Anybody in between can write one. So a code is taken only where the server itself would say it in the clear, and
 * none of its texts: they would be shown to people as the server's. Anything else is as good as no answer.
 */
export function clearFailure(answer: JsonAnswer, codes: readonly ServerErrorCode[]): LetterlockError {
  const { status, body } = answer;
  const problem = membersOf(body);
  const code = status === 200 ? undefined : codes.find((each) => each === problem['code']);
  return new LetterlockError(code ?? 'unreachable', { status, ...retryAfterOf(problem, answer) });
}

/** The failure that an opened answer tells of (RFC 9457). */
export function sealedFailure(problem: Record<string, unknown>, answer: JsonAnswer): LetterlockError {
  const { status } = answer;
  const { code, detail, errors, next_seq: nextSeq, attempts_left: attemptsLeft, reason, until } = problem;
  if (typeof code !== 'string') return new LetterlockError('answer_rejected', { status });
  return new LetterlockError(code as ServerErrorCode, {
    status,
    sealed: true,
    ...retryAfterOf(problem, answer),
    ...(typeof detail === 'string' ? { detail } : {}),
    ...(typeof errors === 'object' && errors !== null ? { errors: errors as Record<string, string> } : {}),
    ...(typeof nextSeq === 'number' ? { nextSeq } : {}),
    ...(typeof attemptsLeft === 'number' ? { attemptsLeft } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof until === 'string' ? { until } : {}),
  });
}

function retryAfterOf(problem: Record<string, unknown>, answer: JsonAnswer): ProblemDetails {
  const { retry_after: seconds } = problem;
  const retryAfter = typeof seconds === 'number' && seconds >= 0 ? seconds : answer.retryAfter;
  return retryAfter === null ? {} : { retryAfter };
}

function membersOf(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
}
