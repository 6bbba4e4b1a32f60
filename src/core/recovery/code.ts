import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { MailContent } from '../mail/mail-content.ts';
import type { SealedCaller } from '../caller.ts';
import { codeLength } from '../random.ts';
import type { CodePurpose } from '../store.ts';

/** How long a code is good, and how long a confirmed one waits for the new password. */
export const codeMilliseconds = 10 * 60 * 1000;
/** What a mailed code looks like, and how long it is good: ways in may have habits of their own. */
export interface CodeForm {
  readonly characters: number;
  readonly milliseconds: number;
}

export const usualCode: CodeForm = { characters: codeLength, milliseconds: codeMilliseconds };

/** Who recovers an account: a code is good only under the same `sessionId`, whatever a way in calls a session. */
export type RecoveringCaller = Pick<SealedCaller, 'sessionId' | 'address' | 'claim'>;

/** Guesses at one code. */
export const guessesPerCode = 5;
/** Mails with a code to one address in an hour, whoever asks. */
export const mailsPerHour = 3;

/** What is stored of a code: a keyed hash, bound to what the code is for. */
export function hashCode(keys: AtRestKeys, purpose: CodePurpose, subject: string, code: string): Buffer {
  return keys.hash('code', `${purpose} ${subject} ${code}`);
}

/**
 * The content of a mail that carries a code; to nobody where `to` is null.
 *
 * @param milliseconds how long the code is good
 */
export function mailedCode(
  kind: 'recovery_code' | 'email_code',
  to: string | null,
  username: string,
  code: string,
  milliseconds: number = codeMilliseconds,
): MailContent {
  return { kind, to, username, code, minutes: milliseconds / 60_000 };
}
