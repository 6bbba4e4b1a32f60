import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { Refusal } from '../errors.ts';
import { mailsOfLastHour } from '../links/link.ts';
import { newMailRow } from '../mail/mail-content.ts';
import { codeMilliseconds, guessesPerCode, hashCode, mailsPerHour, mailedCode } from '../recovery/code.ts';
import type { CodePurpose, Transaction, UserRow } from '../store.ts';
import { subject } from '../transaction-subjects.ts';
import { noticeOfNewPassword } from './account-changes.ts';
import { type Change, done } from './change.ts';
import { type GuessSubject, clearGuesses } from './guesses.ts';
import { type LoginPlace, enterSession } from './login.ts';

/**
 * Queues a recovery code for the address. An unknown address, and one that was sent too many mails, cost the same
 * work: a code nobody knows and a mail to nobody (PROTOCOL.md §5: never tells whether the address is known).
 */
export function requestRecovery(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: Change & {
      sessionId: string;
      emailKey: string;
      code: string;
      /** As random as `code`, and sent to nobody. */
      decoyCode: string;
      /** How long the code is good. */
      milliseconds: number;
      mailId: string;
    },
  ): Promise<Record<string, never>> => {
    const { now, milliseconds } = input;
    const found = await transaction.users.byEmailKey(input.emailKey);
    // A code that is on its way while the address changes would outlive the change. One claim for a known address and for
    // one that is not: both run twice where there are claims.
    await transaction.claim([subject.user(found?.id ?? input.emailKey)]);
    const recipientHash = keys.hash('mail-recipient', input.emailKey);
    const sent = await mailsOfLastHour(transaction.mails, 'reset', recipientHash, now);
    // Whom a directory knows gets a new password there.
    const isRecoverable = sent < mailsPerHour && (found?.directoryUid ?? null) === null;
    const user: UserRow | null = isRecoverable ? found : null;
    await transaction.codes.put({
      purpose: 'recovery',
      subject: input.sessionId,
      userId: user?.id ?? null,
      codeHash: hashCode(keys, 'recovery', input.sessionId, user === null ? input.decoyCode : input.code),
      email: null,
      expiresAt: now + milliseconds,
      attemptsLeft: guessesPerCode,
      confirmedAt: null,
    });
    if (sent < mailsPerHour) {
      const to = user?.email ?? null;
      const content = mailedCode('recovery_code', to, user?.username ?? '', input.code, milliseconds);
      await transaction.mails.insert({
        ...newMailRow(keys, { id: input.mailId, now, content }),
        recipientHash,
      });
    }
    return done(transaction, keys, input, {});
  };
}

/** Counts a guess at a code, before it is compared; null when there is nothing left to guess at. */
export async function spendCodeAttempt(
  transaction: Transaction,
  input: { purpose: CodePurpose; subject: string; now: number },
): Promise<{ attemptsLeft: number; codeHash: Uint8Array } | null> {
  const row = await transaction.codes.spendAttempt(input.purpose, input.subject, input.now);
  return row === null ? null : { attemptsLeft: row.attemptsLeft, codeHash: row.codeHash };
}

/** Confirms a code that was compared and found right. @throws Refusal `code_expired` when another was faster */
export function confirmRecovery(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: Change & { sessionId: string; codeHash: Uint8Array },
  ): Promise<Record<string, never>> => {
    const { now, sessionId } = input;
    const codeHash = Buffer.from(input.codeHash);
    if (!(await transaction.codes.confirm('recovery', sessionId, codeHash, now, now + codeMilliseconds))) {
      throw new Refusal('code_expired');
    }
    return done(transaction, keys, input, {});
  };
}

/**
 * Sets the new password for whom the confirmed code was mailed to, ends all their other sessions, logs this one
 * in where there is one, and forgets the failed logins.
 *
 * @throws Refusal `recovery_not_confirmed`
 */
export function finishRecovery(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: Change & {
      userId: string;
      salt: Uint8Array;
      newVerifier: string;
      /** What the code was bound to. */
      sessionId: string;
      /** Null where the way in has no sealed sessions: then all of the user's end. */
      place: LoginPlace | null;
      mailId: string;
      guesses: readonly GuessSubject[];
    },
  ): Promise<Record<string, never>> => {
    const code = await transaction.codes.takeConfirmed('recovery', input.sessionId, input.now);
    if (code === null || code.userId !== input.userId) throw new Refusal('recovery_not_confirmed');
    const user = await transaction.users.byId(input.userId);
    if (user === null || user.deletedAt !== null) throw new Refusal('recovery_not_confirmed');
    await transaction.users.update(user.id, {
      passwordSalt: Buffer.from(input.salt),
      passwordVerifier: input.newVerifier,
    });
    await transaction.sessions.deleteOfUser(user.id, input.place?.session.id);
    await transaction.codes.deleteOfUser(user.id);
    await transaction.links.endOfUser(user.id, input.now, null);
    if (input.place !== null) await enterSession(transaction, input.place);
    await clearGuesses(
      transaction,
      input.guesses.map(({ subject }) => subject),
    );
    await noticeOfNewPassword(transaction, keys, user, input);
    return done(transaction, keys, input, {});
  };
}
