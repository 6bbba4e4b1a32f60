/** Codes that the server answers with (docs/errors.md). */
export type ServerErrorCode =
  | 'payload_malformed'
  | 'session_unknown'
  | 'payload_rejected'
  | 'not_logged_in'
  | 'wrong_credentials'
  | 'not_a_member'
  | 'membership_pending'
  | 'removed_from_room'
  | 'banned_from_room'
  | 'forbidden'
  | 'kicked'
  | 'banned'
  | 'not_found'
  | 'user_unknown'
  | 'room_unknown'
  | 'message_unknown'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'replayed'
  | 'username_taken'
  | 'email_taken'
  | 'room_taken'
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
  /** The server cannot be reached, or what answers is not it. */
  | 'unreachable'
  /** The server has another identity than the pinned one. */
  | 'identity_changed'
  /** The handshake's signature does not fit: somebody may stand in between. */
  | 'signature_wrong'
  /** An answer does not open, or belongs to another request. */
  | 'answer_rejected'
  /** An answer was lost, and asking again is no use: whether the change was made has to be looked up. */
  | 'outcome_unknown'
  /** A message does not open under the key. */
  | 'message_rejected'
  /** This platform, or the place given for pins, fails at something that is needed. */
  | 'platform_unsupported';

/** What is known of a failure beside its code. */
export interface ProblemDetails {
  readonly status?: number;
  readonly sealed?: boolean;
  readonly detail?: string;
  readonly retryAfter?: number;
  readonly errors?: Readonly<Record<string, string>>;
  readonly nextSeq?: number;
  readonly attemptsLeft?: number;
  readonly reason?: string;
  readonly until?: string;
}

/** Anything that went wrong, by its code. */
export class LetterlockError extends Error {
  readonly code: ServerErrorCode | ClientErrorCode;
  /** HTTP status, where something answered. */
  readonly status: number | null;
  /** Whether the server said so under the session key. Anything else may come from anybody in between. */
  readonly sealed: boolean;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | null;
  /** For `invalid_input`: what is wrong, field by field. */
  readonly errors: Readonly<Record<string, string>>;
  /** For `code_wrong`: guesses that remain. */
  readonly attemptsLeft: number | null;
  /** For who is kept out, of the server or a room: why, in a moderator's words. */
  readonly reason: string | null;
  /** For who is kept out: when it ends (RFC 3339); null when not by itself. */
  readonly until: string | null;
  /** For `replayed`. */
  readonly nextSeq: number | null;

  constructor(code: ServerErrorCode | ClientErrorCode, details: ProblemDetails = {}, cause?: unknown) {
    super(details.detail ?? code, cause === undefined ? undefined : { cause });
    this.name = 'LetterlockError';
    this.code = code;
    this.status = details.status ?? null;
    this.sealed = details.sealed ?? false;
    this.retryAfter = details.retryAfter ?? null;
    this.errors = details.errors ?? {};
    this.attemptsLeft = details.attemptsLeft ?? null;
    this.reason = details.reason ?? null;
    this.until = details.until ?? null;
    this.nextSeq = details.nextSeq ?? null;
  }
}
