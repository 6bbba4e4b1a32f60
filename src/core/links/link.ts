import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { encodeBase64url } from '../../crypto/base64url.ts';
import type { LinkPurpose, LinkRow } from '../link-store.ts';
import type { RandomBytes } from '../random.ts';
import type { MailKind, MailReads } from '../store.ts';

/** How long a link is good. */
export const linkMilliseconds = 30 * 60 * 1000;
/** How long it is remembered after that, so that a page can say what became of it. */
const rememberedMilliseconds = 7 * 24 * 60 * 60 * 1000;

const hourMilliseconds = 60 * 60 * 1000;

/** A token of 256 random bits, base64url (43 characters). */
export function newToken(random: RandomBytes): string {
  return encodeBase64url(random(32));
}

/** Whether a text can be a token at all. */
export function isToken(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text);
}

/** What is stored of a token: a keyed hash, bound to what the link is for. */
export function hashToken(keys: Pick<AtRestKeys, 'hash'>, purpose: LinkPurpose, token: string): Buffer {
  return keys.hash('link', `${purpose} ${token}`);
}

/** The row of a link that goes out now. */
export function newLinkRow(
  link: Pick<LinkRow, 'tokenHash' | 'purpose' | 'userId' | 'email'>,
  now: number,
): LinkRow {
  const expiresAt = now + linkMilliseconds;
  return { ...link, expiresAt, endedAt: null, keptUntil: expiresAt + rememberedMilliseconds };
}

/** Mails that bring an address a code or a link, which count together. */
const kindsTogether = {
  reset: ['recovery_code', 'recovery_link'],
  email: ['email_code', 'email_link'],
} as const satisfies Record<LinkPurpose, readonly MailKind[]>;

/** How many mails for a purpose went to an address in the last hour, with a code or with a link. */
export async function mailsOfLastHour(
  mails: Pick<MailReads, 'countSince'>,
  purpose: LinkPurpose,
  recipientHash: Buffer,
  now: number,
): Promise<number> {
  let sent = 0;
  for (const kind of kindsTogether[purpose]) {
    sent += await mails.countSince(kind, recipientHash, now - hourMilliseconds);
  }
  return sent;
}
