/** Codes that the server answers with (docs/errors.md). */
export type ServerErrorCode =
  | 'payload_malformed'
  | 'session_unknown'
  | 'payload_rejected'
  | 'not_logged_in'
  | 'wrong_credentials'
  | 'not_found'
  | 'user_unknown'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'replayed'
  | 'username_taken'
  | 'email_taken'
  | 'key_held_by_user'
  | 'recovery_not_confirmed'
  | 'code_expired'
  | 'too_large'
  | 'encoding_unsupported'
  | 'invalid_input'
  | 'key_refused'
  | 'idem_mismatch'
  | 'not_decryptable'
  | 'code_wrong'
  | 'rate_limited'
  | 'headers_too_large'
  | 'internal'
  | 'busy';

/** What the client itself finds wrong. */
export type ClientErrorCode =
  /** The server cannot be reached, or what answers is not one. */
  | 'unreachable'
  /** The server has another identity than the pinned one. */
  | 'identity_changed'
  /** The handshake's signature does not fit: somebody may stand in between. */
  | 'signature_wrong'
  /** An answer does not open, or belongs to another request. */
  | 'answer_rejected'
  /** The answer was lost with its session: whether the change was made has to be looked up. */
  | 'outcome_unknown'
  /** A message does not open under the key. */
  | 'message_rejected'
  /** This platform's Web Crypto lacks something that is needed. */
  | 'platform_unsupported';

/** What a problem document of the server holds beside its code. */
export interface ProblemDetails {
  readonly status?: number;
  readonly detail?: string;
  readonly retryAfter?: number;
  readonly errors?: Readonly<Record<string, string>>;
  readonly nextSeq?: number;
  readonly attemptsLeft?: number;
}

/** Anything that went wrong, by its code. */
export class LetterlockError extends Error {
  readonly code: ServerErrorCode | ClientErrorCode;
  /** HTTP status, where the server answered. */
  readonly status: number | null;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | null;
  /** For `invalid_input`: what is wrong, field by field. */
  readonly errors: Readonly<Record<string, string>>;
  /** For `code_wrong`: guesses that remain. */
  readonly attemptsLeft: number | null;
  /** For `replayed`. */
  readonly nextSeq: number | null;

  constructor(code: ServerErrorCode | ClientErrorCode, details: ProblemDetails = {}, cause?: unknown) {
    super(details.detail ?? code, cause === undefined ? undefined : { cause });
    this.name = 'LetterlockError';
    this.code = code;
    this.status = details.status ?? null;
    this.retryAfter = details.retryAfter ?? null;
    this.errors = details.errors ?? {};
    this.attemptsLeft = details.attemptsLeft ?? null;
    this.nextSeq = details.nextSeq ?? null;
  }
}

/** The error that a problem document tells of (RFC 9457); null when it is none. */
export function readProblem(body: unknown, status: number): LetterlockError | null {
  if (typeof body !== 'object' || body === null || !('code' in body) || typeof body.code !== 'string')
    return null;
  const problem = body as Record<string, unknown>;
  const text = (name: string): string | undefined =>
    typeof problem[name] === 'string' ? problem[name] : undefined;
  const number = (name: string): number | undefined =>
    typeof problem[name] === 'number' ? problem[name] : undefined;
  const errors = problem['errors'] as Record<string, string> | undefined;
  const [detail, retryAfter, nextSeq, attemptsLeft] = [
    text('detail'),
    number('retry_after'),
    number('next_seq'),
    number('attempts_left'),
  ];
  return new LetterlockError(body.code as ServerErrorCode, {
    status,
    ...(detail === undefined ? {} : { detail }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(errors === undefined ? {} : { errors }),
    ...(nextSeq === undefined ? {} : { nextSeq }),
    ...(attemptsLeft === undefined ? {} : { attemptsLeft }),
  });
}
