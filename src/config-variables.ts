/** One environment variable, as the README and `.env.example` show it. */
export interface Variable {
  readonly name: string;
  /** What is in force when it is not set; null where that is nothing. */
  readonly fallback: string | null;
  readonly description: string;
  /** A value that is right, for error messages. */
  readonly example: string;
  /** Its value is never shown. */
  readonly secret?: true;
}

/** Every variable that the program reads. The table in the README and `.env.example` are made from it. */
export const variables = [
  {
    name: 'LISTEN_HTTP',
    fallback: 'http://0.0.0.0:3000',
    description:
      'where the API listens; `https://` uses the certificate in `KEYS_DIR`, port 0 picks a free one',
    example: 'http://127.0.0.1:3000',
  },
  {
    name: 'DATABASE_URL',
    fallback: 'sqlite:./data/letterlock.db',
    description: 'the database file',
    example: 'sqlite:./data/letterlock.db',
  },
  {
    name: 'KEYS_DIR',
    fallback: './keys',
    description: 'the folder of `master.key`, `identity.pem`, `tls.key` and `tls.crt`, made at first start',
    example: './keys',
  },
  { name: 'DATA_DIR', fallback: './data', description: 'the folder for everything else', example: './data' },
  {
    name: 'MAIL_SERVER',
    fallback: null,
    description: 'the mail server; without one every mail is written to `DATA_DIR/outbox/`',
    example: 'smtp.example.org',
  },
  {
    name: 'MAIL_PORT',
    fallback: null,
    description: 'its port: 465 with `MAIL_USE_SSL`, 587 with `MAIL_USE_TLS`, else 25',
    example: '587',
  },
  { name: 'MAIL_USE_TLS', fallback: 'off', description: '`on`: STARTTLS is required', example: 'on' },
  { name: 'MAIL_USE_SSL', fallback: 'off', description: '`on`: TLS from the start', example: 'on' },
  { name: 'MAIL_USERNAME', fallback: null, description: 'the name to log in with', example: 'letterlock' },
  {
    name: 'MAIL_PASSWORD',
    fallback: null,
    description: 'the password to log in with',
    example: 'a password',
    secret: true,
  },
  {
    name: 'MAIL_DEFAULT_SENDER',
    fallback: null,
    description: 'who the mails are from; needed with `MAIL_SERVER`',
    example: 'Letterlock <letterlock@example.org>',
  },
  {
    name: 'PUBLIC_URL',
    fallback: null,
    description: 'how people reach this server, for mails and the API page',
    example: 'https://chat.example.org',
  },
  {
    name: 'TRUST_PROXY',
    fallback: null,
    description: 'addresses and ranges, separated by commas, whose `X-Forwarded-For` is believed',
    example: '127.0.0.1, 10.0.0.0/8',
  },
  {
    name: 'SESSION_TTL',
    fallback: '3600',
    description: 'seconds without a request after which a session ends (60 to 2592000)',
    example: '3600',
  },
  {
    name: 'RSA_BITS',
    fallback: '3072',
    description: "size of users' keys made by the server: 2048, 3072 or 4096",
    example: '3072',
  },
  {
    name: 'LIMITS',
    fallback: 'on',
    description: '`off`: no rate limits by address or overall; counters of guesses and of mails stay',
    example: 'on',
  },
  {
    name: 'LOG_LEVEL',
    fallback: 'info',
    description: '`debug`, `info`, `warn`, `error` or `silent`; JSON lines on stderr, readable in a terminal',
    example: 'info',
  },
] as const satisfies readonly Variable[];

/** The name of one of the variables. */
export type VariableName = (typeof variables)[number]['name'];
