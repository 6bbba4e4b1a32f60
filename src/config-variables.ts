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
    name: 'LISTEN_METRICS',
    fallback: 'off',
    description:
      'where `GET /metrics` is served in Prometheus text format, or `off`; best where only your monitoring can reach it',
    example: 'http://127.0.0.1:9464',
  },
  {
    name: 'LISTEN_ADMIN',
    fallback: 'unix:./data/admin.sock',
    description:
      'the socket through which `letterlock admin` reaches the server, for its owner only; or `off`',
    example: 'unix:./data/admin.sock',
  },
  {
    name: 'LISTEN_FRAMES',
    fallback: 'tls://0.0.0.0:7777',
    description: 'where clients of the `frames` kind come in: `tls://` or `tcp://`, or `off`',
    example: 'tls://0.0.0.0:7777',
  },
  {
    name: 'LISTEN_RESET',
    fallback: 'https://0.0.0.0:5050',
    description: 'where the pages are that links in mails lead to, or `off`',
    example: 'https://0.0.0.0:5050',
  },
  {
    name: 'LISTEN_CHATROOM',
    fallback: 'tcp://127.0.0.1:5555',
    description: 'where clients of the `chatroom` kind come in: `tcp://` or `tls://`, or `off`',
    example: 'tls://0.0.0.0:5555',
  },
  {
    name: 'LISTEN_CHATEAU',
    fallback: 'ws://127.0.0.1:8888/ws',
    description: 'where clients of the `chateau` kind come in: `ws://` or `wss://`, or `off`',
    example: 'wss://0.0.0.0:8888/ws',
  },
  {
    name: 'LISTEN_ROOMS',
    fallback: 'tcp://127.0.0.1:4000',
    description: 'where clients of the `rooms` kind come in: `tcp://` or `tls://`, or `off`',
    example: 'tls://0.0.0.0:4000',
  },
  {
    name: 'VWS_COMPAT',
    fallback: 'off',
    description: '`on`: serves clients of the `vws` kind under `/vws`, with their weak cipher',
    example: 'on',
  },
  {
    name: 'GUESTS',
    fallback: 'on',
    description: '`off`: nobody comes in without an account',
    example: 'off',
  },
  {
    name: 'CHATROOM_MIN_VERSION',
    fallback: null,
    description: 'clients of the `chatroom` kind that say they are older are turned away',
    example: '0.2.0',
  },
  {
    name: 'LDAP_URL',
    fallback: null,
    description: 'where clients of the `chateau` kind are checked that ask for it',
    example: 'ldaps://ldap.example.org',
  },
  {
    name: 'LDAP_BASE_DN',
    fallback: null,
    description: 'below which people are looked for by `uid`',
    example: 'ou=people,dc=example,dc=org',
  },
  { name: 'LDAP_STARTTLS', fallback: 'off', description: '`on`: STARTTLS is required', example: 'on' },
  { name: 'LDAP_CA', fallback: null, description: 'a PEM file to trust', example: './keys/ldap-ca.pem' },
  {
    name: 'DATABASE_URL',
    fallback: 'sqlite:./data/letterlock.db',
    description:
      'the database: `sqlite:` and a file, or `postgres://user:password@host/name` (docs/scaling.md has its parameters)',
    example: 'sqlite:./data/letterlock.db',
  },
  {
    name: 'REDIS_URL',
    fallback: null,
    description:
      'Redis 7 or Valkey, for what nodes share: `redis://host`, `rediss://host` or, a cluster, `redis://host,host/?cluster=on`',
    example: 'redis://127.0.0.1:6379',
    secret: true,
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
    name: 'RESET_URL',
    fallback: null,
    description:
      'how people reach the pages of `LISTEN_RESET`, for links in mails; derived from it when not set',
    example: 'https://chat.example.org:5050',
  },
  {
    name: 'TRUST_PROXY',
    fallback: null,
    description:
      'addresses and ranges, separated by commas, whose `X-Forwarded-For`, or PROXY header on a gateway, is believed',
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
    name: 'SHUTDOWN_DELAY',
    fallback: '0',
    description:
      'seconds for which a server that is told to stop still serves, while `/readyz` already says no (0 to 60)',
    example: '5',
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
