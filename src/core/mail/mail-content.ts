import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { MailRow } from '../store.ts';

/**
 * What a mail says, by kind. A mail to nobody (`to` is null) is queued like any other and dropped when its turn
 * comes: asking for a code for an unknown address costs the same work and leaves the same row (PROTOCOL.md §5,
 * `/forgot_password`: the answer and its time must not tell whether the address is known).
 */
export type MailContent =
  | {
      readonly kind: 'recovery_code' | 'email_code';
      readonly to: string | null;
      readonly username: string;
      readonly code: string;
      /** How long the code is good. */
      readonly minutes: number;
    }
  | {
      readonly kind: 'recovery_link' | 'email_link';
      readonly to: string | null;
      readonly username: string;
      /** What the link ends with. */
      readonly token: string;
      /** How long the link is good. */
      readonly minutes: number;
    }
  | { readonly kind: 'password_changed'; readonly to: string; readonly username: string; readonly at: number }
  | {
      readonly kind: 'email_changing';
      readonly to: string;
      readonly username: string;
      readonly newEmail: string;
    };

/** Sealed mails have one of a few sizes, so that the size does not tell one kind from another. */
const sizeStep = 1024;

/** The row that queues a mail, for the transaction of what caused it. */
export function newMailRow(
  keys: Pick<AtRestKeys, 'seal' | 'hash'>,
  mail: { id: string; now: number; content: MailContent },
): MailRow {
  const text = JSON.stringify(mail.content);
  const size = Math.ceil(Buffer.byteLength(text) / sizeStep) * sizeStep;
  const padded = Buffer.alloc(size, ' ');
  padded.write(text);
  return {
    id: mail.id,
    kind: mail.content.kind,
    recipientHash: keys.hash('mail-recipient', (mail.content.to ?? '').toLowerCase()),
    sealedContent: keys.seal('mail', mail.id, padded),
    createdAt: mail.now,
    nextAttemptAt: mail.now,
    attempts: 0,
    settledAt: null,
  };
}

/** What a queued mail says. @throws Error when it does not open, which only a damaged database explains */
export function readMailContent(keys: Pick<AtRestKeys, 'open'>, row: MailRow): MailContent {
  const opened = keys.open('mail', row.id, row.sealedContent);
  if (opened === null) throw new Error('a queued mail does not open under the master key');
  return JSON.parse(opened.toString()) as MailContent;
}
