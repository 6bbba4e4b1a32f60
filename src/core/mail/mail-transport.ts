/** A mail ready to be sent, to exactly one address. */
export interface MailMessage {
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Milliseconds since 1970. */
  readonly date: number;
}

/** What the other side said. */
export type MailAnswer =
  | { readonly accepted: true }
  | {
      readonly accepted: false;
      /** Whether trying again is pointless. */
      readonly permanent: boolean;
      /** For the log: never holds the address or anything of the mail. */
      readonly reason: string;
    };

/** Takes mails to where they go. Does not throw. */
export interface MailTransport {
  send(message: MailMessage): Promise<MailAnswer>;
  close(): Promise<void>;
}
