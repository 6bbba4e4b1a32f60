/**
 * Every code a client can meet, with its HTTP status and a title for people (PROTOCOL.md §3, §5). `code` is
 * stable; the texts are not. `docs/errors.md` lists the same codes, and a test compares the two.
 */
export const errorCatalogue = {
  payload_malformed: { status: 400, title: 'The body or payload cannot be read' },
  session_unknown: { status: 401, title: 'No such session' },
  payload_rejected: { status: 401, title: 'The payload does not open' },
  not_logged_in: { status: 401, title: 'Log in first' },
  wrong_credentials: { status: 401, title: 'The name or the password is wrong' },
  not_a_member: { status: 403, title: 'Only members may do that' },
  membership_pending: { status: 403, title: 'The membership waits for approval' },
  removed_from_room: { status: 403, title: 'A moderator removed you from this room' },
  banned_from_room: { status: 403, title: 'You are banned from this room' },
  forbidden: { status: 403, title: 'Not allowed' },
  kicked: { status: 403, title: 'Kept out for a while' },
  banned: { status: 403, title: 'Kept out' },
  not_found: { status: 404, title: 'Nothing here' },
  user_unknown: { status: 404, title: 'No such user' },
  room_unknown: { status: 404, title: 'No such room' },
  message_unknown: { status: 404, title: 'No such message' },
  method_not_allowed: { status: 405, title: 'Another method is needed' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  replayed: { status: 409, title: 'This sequence number was used before' },
  username_taken: { status: 409, title: 'The username is taken' },
  email_taken: { status: 409, title: 'The address is taken' },
  room_taken: { status: 409, title: 'The name of the room is taken' },
  key_held_by_user: { status: 409, title: 'Only the user holds this key' },
  recovery_not_confirmed: { status: 409, title: 'Confirm the code first' },
  code_expired: { status: 410, title: 'The code is no longer good' },
  too_large: { status: 413, title: 'Too large' },
  encoding_unsupported: { status: 415, title: 'Compressed bodies are not read' },
  invalid_input: { status: 422, title: 'A field is not valid' },
  key_refused: { status: 422, title: 'The public key is refused' },
  idem_mismatch: { status: 422, title: 'This idem was used for another request' },
  not_decryptable: { status: 422, title: 'The message cannot be decrypted' },
  code_wrong: { status: 422, title: 'The code is wrong' },
  rate_limited: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Something went wrong here' },
  busy: { status: 503, title: 'Too much to do right now' },
} as const satisfies Record<string, { status: number; title: string }>;

/** One of the stable codes of the catalogue. */
export type ErrorCode = keyof typeof errorCatalogue;

/** What an answer says beside the code: all of it is shown to the client. */
export interface RefusalMembers {
  /** Why, for people. Never holds a secret or anything another user may not know. */
  readonly detail?: string;
  /** Seconds after which trying again makes sense. Becomes `Retry-After`. */
  readonly retryAfter?: number;
  /** Field by field, for `invalid_input`: field name -> what is wrong with it. */
  readonly errors?: Readonly<Record<string, string>>;
  /** For `replayed`: the lowest sequence number that is certainly fresh. */
  readonly nextSeq?: number;
  /** For `code_wrong`: guesses that remain. */
  readonly attemptsLeft?: number;
  /** For who is kept out: why. Text of a moderator. */
  readonly reason?: string;
  /** For who is kept out: when it ends, milliseconds since 1970; null when not by itself. */
  readonly until?: number | null;
  /** For `internal`: the name under which the log has the request. */
  readonly request?: string;
}

/**
 * An expected failure: the client asked for something that is not done, and is told why by its code.
 * Anything thrown that is not a Refusal is a fault of the server: logged once, answered as `internal`.
 */
export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly members: RefusalMembers;

  constructor(code: ErrorCode, members: RefusalMembers = {}, cause?: unknown) {
    super(members.detail ?? errorCatalogue[code].title, cause === undefined ? undefined : { cause });
    this.name = 'Refusal';
    this.code = code;
    this.members = members;
  }

  /** The HTTP status of the code. */
  get status(): number {
    return errorCatalogue[this.code].status;
  }
}

/** A Refusal for one field of the input. */
export function invalidField(field: string, problem: string): Refusal {
  return new Refusal('invalid_input', { detail: `${field}: ${problem}`, errors: { [field]: problem } });
}

/** Whether a word is one of the catalogue's codes. */
export function isErrorCode(word: string): word is ErrorCode {
  return Object.hasOwn(errorCatalogue, word);
}
