/** How a PostgreSQL database is reached and used. Times are milliseconds. */
export interface PostgresOptions {
  /** With user and password: never shown. */
  readonly url: string;
  /** What the database is called in sentences for an admin. */
  readonly place: string;
  /** What names it to the program: a variable, or an option of the command line. */
  readonly named: string;
  /** Connections that write. */
  readonly writers: number;
  /** Connections that read. */
  readonly readers: number;
  /** How long one statement may take. */
  readonly statement: number;
  /** How long it may take to connect. */
  readonly connect: number;
  /** How long a request waits for a database that is away, before it is refused. */
  readonly patience: number;
  /** Whether a pooler stands between, which hands a connection to somebody else after each transaction. */
  readonly pooled: boolean;
}

/** What is in force where nothing else is asked for. */
export const postgresDefaults = {
  named: 'DATABASE_URL',
  writers: 10,
  readers: 10,
  statement: 10_000,
  connect: 2_000,
  patience: 2_500,
  pooled: false,
} as const satisfies Omit<PostgresOptions, 'url' | 'place'>;
