import nodemailer from 'nodemailer';
import type { MailAnswer, MailTransport } from '../core/mail/mail-transport.ts';
import { type Sender, messageOptions } from './message-options.ts';

export interface SmtpTransportOptions {
  readonly server: string;
  readonly port: number;
  /** `starttls`: required after connecting; `tls`: from the start; `opportunistic`: STARTTLS where it is offered. */
  readonly security: 'starttls' | 'tls' | 'opportunistic';
  readonly username: string | null;
  readonly password: string | null;
  readonly sender: Sender;
  /** Certificates to trust beside the system's, PEM. */
  readonly ca?: string;
  /** How long the server may be silent. Default 30 s */
  readonly timeoutMilliseconds?: number;
}

/** Sends over SMTP, a connection for each mail: there are few, and none waits for another. */
export function createSmtpTransport(options: SmtpTransportOptions): MailTransport {
  const timeout = options.timeoutMilliseconds ?? 30_000;
  const transport = nodemailer.createTransport({
    host: options.server,
    port: options.port,
    secure: options.security === 'tls',
    requireTLS: options.security === 'starttls',
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(options.ca === undefined ? {} : { tls: { ca: options.ca } }),
    ...(options.username === null ? {} : { auth: { user: options.username, pass: options.password ?? '' } }),
  });
  return {
    send: async (message): Promise<MailAnswer> => {
      try {
        await transport.sendMail(messageOptions(message, options.sender));
        return { accepted: true };
      } catch (error) {
        return refusalOf(error);
      }
    },
    close: async () => transport.close(),
  };
}

/**
 * Only a refusal of the recipient or of the mail itself is for good; what is wrong with us, with the login or the
 * sender, an admin may still mend. The server's own words may repeat the address, so they are not passed on.
 */
function refusalOf(error: unknown): MailAnswer {
  const { code, responseCode, command } = (error ?? {}) as {
    code?: string;
    responseCode?: number;
    command?: string;
  };
  const status = responseCode ?? null;
  const permanent =
    status !== null &&
    status >= 500 &&
    (command === 'RCPT TO' || command === 'DATA') &&
    status !== 530 &&
    status !== 535;
  const words = [code, command, status].filter((word) => word !== null && word !== undefined);
  return { accepted: false, permanent, reason: words.join(' ') || 'unknown' };
}
