import { type ErrorCode, Refusal } from '../../core/errors.ts';
import type { Pair } from './chain.ts';
import { encryptField } from './field-cipher.ts';

/** What is written back. */
export interface VwsAnswer {
  readonly status: number;
  /** Written as JSON. */
  readonly body: string | Readonly<Record<string, string>>;
  /** What was refused; null where it was done. */
  readonly refusal: Refusal | null;
}

/** Too many wrong passwords: the account is closed to this kind of client for a while. */
export class AccountBlocked extends Refusal {
  constructor() {
    super('rate_limited');
  }
}

/** There is no such id, or it was used. */
export function unknownSession(): VwsAnswer {
  return { status: 404, body: 'Session not found!', refusal: new Refusal('session_unknown') };
}

/** The id was good for an hour, and that is over. */
export function expiredSession(): VwsAnswer {
  return { status: 408, body: 'Session timeout exceeded!', refusal: new Refusal('session_unknown') };
}

/** The next key under the one the request came under, the next id under the next key. */
export function nextPair(key: string, next: Pair): { ciphertext: string; session_key: string } {
  return { ciphertext: encryptField(key, next.key), session_key: encryptField(next.key, next.id) };
}

/** Done. @param message what was asked for, where something was */
export function doneAnswer(key: string, next: Pair, message: string | null): VwsAnswer {
  const pair = nextPair(key, next);
  const body = message === null ? pair : { ...pair, message: encryptField(next.key, message) };
  return { status: 200, body, refusal: null };
}

/**
 * Not done, and why, in the words these clients show. Faults of the server get the same form: a client that is sent
 * any other status throws its id away.
 */
export function refusedAnswer(key: string, next: Pair, refusal: Refusal): VwsAnswer {
  const status = refusal instanceof AccountBlocked ? 202 : 201;
  return { status, body: { ...nextPair(key, next), error: errorText(refusal) }, refusal };
}

const texts: Partial<Record<ErrorCode, string>> = {
  username_taken: 'Username is busy',
  email_taken: 'Email is busy',
  user_unknown: 'User is not found',
  // For an unknown address too: the answer must not tell which of them it is (PROTOCOL.md §5, `/login_user`).
  wrong_credentials: 'Password is wrong',
  not_logged_in: 'No authorization',
  session_unknown: 'No authorization',
  not_decryptable: 'No authorization',
  key_held_by_user: 'No authorization',
  code_wrong: 'Invalid code',
  code_expired: 'Invalid code',
  recovery_not_confirmed: 'Invalid session',
  payload_rejected: 'Invalid request',
  rate_limited: 'Too many requests',
  busy: 'Server is busy',
};

const fieldTexts: Readonly<Record<string, string>> = {
  username: 'Username format not corrected',
  new_username: 'Username format not corrected',
  email: 'Email format not corrected',
  password: 'Password format not corrected',
  new_password: 'Password format not corrected',
};

function errorText(refusal: Refusal): string {
  const { code, members } = refusal;
  if (refusal instanceof AccountBlocked) return 'Account block. Change the password!';
  if (code === 'invalid_input') {
    const [field = ''] = Object.keys(members.errors ?? {});
    return fieldTexts[field] ?? 'Invalid request';
  }
  if (code === 'banned') return `Banned${untilText(members.until)}: ${members.reason ?? ''}`;
  if (code === 'kicked') return `Kicked${untilText(members.until)}: ${members.reason ?? ''}`;
  return texts[code] ?? 'Error server';
}

function untilText(until: number | null | undefined): string {
  return typeof until === 'number'
    ? ` until ${new Date(until).toISOString().slice(0, 19).replace('T', ' ')} UTC`
    : '';
}
