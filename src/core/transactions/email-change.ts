import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { type Account, accountOf } from '../accounts/account.ts';
import { Refusal } from '../errors.ts';
import { mailsOfLastHour } from '../links/link.ts';
import { newMailRow } from '../mail/mail-content.ts';
import { codeMilliseconds, guessesPerCode, hashCode, mailsPerHour, mailedCode } from '../recovery/code.ts';
import type { Transaction } from '../store.ts';
import { type ConfirmedChange } from './account-changes.ts';
import { type Change, done, presentUser, refusingTaken, userWithVerifier } from './change.ts';

/**
 * Queues a code to the new address and a notice to the old one.
 *
 * @throws Refusal `email_taken`, `wrong_credentials`, `rate_limited` when the new address got too many mails
 */
export function requestEmailChange(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: ConfirmedChange & {
      email: string;
      emailKey: string;
      code: string;
      codeMailId: string;
      noticeMailId: string;
    },
  ): Promise<Record<string, never>> => {
    const { now } = input;
    const user = await userWithVerifier(transaction, input.userId, input.verifier);
    const holder = await transaction.users.byEmailKey(input.emailKey);
    if (holder !== null && holder.id !== user.id) throw new Refusal('email_taken');
    const recipientHash = keys.hash('mail-recipient', input.emailKey);
    const sent = await mailsOfLastHour(transaction.mails, 'email', recipientHash, now);
    if (sent >= mailsPerHour) throw new Refusal('rate_limited', { retryAfter: 60 * 60 });
    await transaction.codes.put({
      purpose: 'change_email',
      subject: user.id,
      userId: user.id,
      codeHash: hashCode(keys, 'change_email', user.id, input.code),
      email: input.email,
      expiresAt: now + codeMilliseconds,
      attemptsLeft: guessesPerCode,
      confirmedAt: null,
    });
    const { username, email: oldEmail } = accountOf(user);
    const code = mailedCode('email_code', input.email, username, input.code);
    await transaction.mails.insert(newMailRow(keys, { id: input.codeMailId, now, content: code }));
    // An account that came without an address gets its first one: there is nobody to tell.
    if (oldEmail !== null) {
      const notice = { kind: 'email_changing', to: oldEmail, username, newEmail: input.email } as const;
      await transaction.mails.insert(newMailRow(keys, { id: input.noticeMailId, now, content: notice }));
    }
    return done(transaction, keys, input, {});
  };
}

/** Puts the new address in force. @throws Refusal `code_expired`, `email_taken` */
export function confirmEmailChange(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: Change & { userId: string; codeHash: Uint8Array; email: string; emailKey: string },
  ): Promise<{ user: Account }> => {
    const { now, userId } = input;
    const codeHash = Buffer.from(input.codeHash);
    if (!(await transaction.codes.confirm('change_email', userId, codeHash, now, now + codeMilliseconds))) {
      throw new Refusal('code_expired');
    }
    await transaction.codes.takeConfirmed('change_email', userId, now);
    const user = await presentUser(transaction, userId);
    const changes = { email: input.email, emailKey: input.emailKey };
    await refusingTaken(() => transaction.users.update(userId, changes));
    // Those to set a password were mailed to the old address.
    await transaction.codes.deleteOfUser(userId);
    await transaction.links.endOfUser(userId, now, null);
    return done(transaction, keys, input, { user: accountOf({ ...user, ...changes }) });
  };
}
