import type { SendMailOptions } from 'nodemailer';
import type { MailMessage } from '../core/mail/mail-transport.ts';

/** Who mails are from. */
export interface Sender {
  readonly name: string;
  readonly address: string;
}

/**
 * A message in nodemailer's words. The envelope is given rather than taken from headers: exactly one recipient, the
 * stored address, whatever a header might be made to say.
 */
export function messageOptions(message: MailMessage, sender: Sender): SendMailOptions {
  const domain = sender.address.slice(sender.address.indexOf('@') + 1);
  return {
    envelope: { from: sender.address, to: [message.to] },
    from: { name: sender.name, address: sender.address },
    to: { name: '', address: message.to },
    subject: message.subject,
    text: message.text,
    html: message.html,
    date: new Date(message.date),
    messageId: `<${message.id}@${domain}>`,
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
