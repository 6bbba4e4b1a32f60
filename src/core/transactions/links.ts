import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { accountOf } from '../accounts/account.ts';
import { Refusal } from '../errors.ts';
import { hashToken, linkMilliseconds, mailsOfLastHour, newLinkRow } from '../links/link.ts';
import { type MailContent, newMailRow } from '../mail/mail-content.ts';
import { readEmailAddress } from '../names/email-address.ts';
import { mailsPerHour } from '../recovery/code.ts';
import type { Transaction } from '../store.ts';
import { subject } from '../transaction-subjects.ts';
import { noticeOfNewPassword } from './account-changes.ts';
import { presentUser, refusingTaken } from './change.ts';
import { type GuessSubject, clearGuesses } from './guesses.ts';

/**
 * Queues a mail with a link to set a new password. A name that nobody has, and an account without an address, cost the
 * same work: a link that nobody knows and a mail to nobody.
 */
export function requestResetLink(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: { now: number; usernameKey: string; token: string; mailId: string },
  ): Promise<void> => {
    const { now, token } = input;
    const found = await transaction.users.byUsernameKey(input.usernameKey);
    // Whom a directory knows gets a new password there.
    const to = (found?.directoryUid ?? null) === null ? (found?.email ?? null) : null;
    const recipient = found?.emailKey ?? `login ${input.usernameKey}`;
    // One claim for a name that somebody has and for one that nobody has: both run twice where there are claims.
    await transaction.claim([subject.mailsTo(recipient), subject.user(found?.id ?? recipient)]);
    const recipientHash = keys.hash('mail-recipient', recipient);
    if ((await mailsOfLastHour(transaction.mails, 'reset', recipientHash, now)) >= mailsPerHour) return;
    const userId = to === null ? null : (found?.id ?? null);
    const tokenHash = hashToken(keys, 'reset', token);
    await transaction.links.insert(newLinkRow({ tokenHash, purpose: 'reset', userId, email: null }, now));
    const content = mailedLink('recovery_link', to, found?.username ?? '', token);
    await transaction.mails.insert({
      ...newMailRow(keys, { id: input.mailId, now, content }),
      recipientHash,
    });
  };
}

/**
 * Sets the new password, ends all sessions of the user and everything else that was mailed, and forgets failed guesses.
 *
 * @throws Refusal `code_expired` when another was faster
 */
export function resetByLink(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: {
      now: number;
      tokenHash: Uint8Array;
      salt: Uint8Array;
      newVerifier: string;
      mailId: string;
      guesses: readonly GuessSubject[];
    },
  ): Promise<void> => {
    const { now } = input;
    const link = await transaction.links.use(Buffer.from(input.tokenHash), now);
    const userId = link?.userId ?? null;
    if (userId !== null) await transaction.claim([subject.user(userId)]);
    const user = userId === null ? null : await transaction.users.byId(userId);
    if (user === null || user.deletedAt !== null) throw new Refusal('code_expired');
    await transaction.users.update(user.id, {
      passwordSalt: Buffer.from(input.salt),
      passwordVerifier: input.newVerifier,
    });
    await transaction.sessions.deleteOfUser(user.id);
    await transaction.codes.deleteOfUser(user.id);
    await transaction.links.endOfUser(user.id, now, null);
    await clearGuesses(
      transaction,
      input.guesses.map(({ subject }) => subject),
    );
    await noticeOfNewPassword(transaction, keys, user, input);
  };
}

/**
 * Queues a link to the new address and a notice to the old one. A link that went out before is good no more.
 *
 * @throws Refusal `email_taken`, `rate_limited` when the new address got too many mails, `session_unknown`
 */
export function requestEmailLink(keys: AtRestKeys) {
  return async (
    transaction: Transaction,
    input: {
      now: number;
      userId: string;
      email: string;
      emailKey: string;
      token: string;
      linkMailId: string;
      noticeMailId: string;
    },
  ): Promise<void> => {
    const { now, email, token } = input;
    const user = await presentUser(transaction, input.userId);
    const holder = await transaction.users.byEmailKey(input.emailKey);
    if (holder !== null && holder.id !== user.id) throw new Refusal('email_taken');
    const recipientHash = keys.hash('mail-recipient', input.emailKey);
    if ((await mailsOfLastHour(transaction.mails, 'email', recipientHash, now)) >= mailsPerHour) {
      throw new Refusal('rate_limited', { retryAfter: 60 * 60 });
    }
    await transaction.links.endOfUser(user.id, now, 'email');
    const tokenHash = hashToken(keys, 'email', token);
    await transaction.links.insert(newLinkRow({ tokenHash, purpose: 'email', userId: user.id, email }, now));
    const { username, email: oldEmail } = accountOf(user);
    const content = mailedLink('email_link', email, username, token);
    await transaction.mails.insert(newMailRow(keys, { id: input.linkMailId, now, content }));
    if (oldEmail === null) return;
    const notice = { kind: 'email_changing', to: oldEmail, username, newEmail: email } as const;
    await transaction.mails.insert(newMailRow(keys, { id: input.noticeMailId, now, content: notice }));
  };
}

/**
 * Puts the new address in force. Links and codes that were mailed to the old one are good no more.
 *
 * @throws Refusal `code_expired`, `email_taken`
 */
export async function confirmEmailByLink(
  transaction: Transaction,
  input: { now: number; tokenHash: Uint8Array },
): Promise<{ userId: string; email: string }> {
  const link = await transaction.links.use(Buffer.from(input.tokenHash), input.now);
  if (link === null || link.userId === null || link.email === null) throw new Refusal('code_expired');
  const { userId } = link;
  await transaction.claim([subject.user(userId)]);
  const email = readEmailAddress(link.email);
  if (!email.ok) throw new Error('an address that was accepted is none now');
  await presentUser(transaction, userId);
  await refusingTaken(() => transaction.users.update(userId, { email: email.email, emailKey: email.key }));
  await transaction.codes.deleteOfUser(userId);
  await transaction.links.endOfUser(userId, input.now, null);
  return { userId, email: email.email };
}

/** The content of a mail that carries a link; to nobody where `to` is null. */
function mailedLink(
  kind: 'recovery_link' | 'email_link',
  to: string | null,
  username: string,
  token: string,
): MailContent {
  return { kind, to, username, token, minutes: linkMilliseconds / 60_000 };
}
