import pg from 'pg';
import { Refusal } from '../../core/errors.ts';
import type { PostgresOptions } from './options.ts';
import type { QueryText, Queryable } from './queryable.ts';

/** One connection, as queries see it. */
export class Connection implements Queryable {
  readonly client: pg.ClientBase;
  private readonly pooled: boolean;
  private readonly onAnswer: () => void;

  /** @param onAnswer called when the server has said something */
  constructor(client: pg.ClientBase, { pooled }: Pick<PostgresOptions, 'pooled'>, onAnswer = () => {}) {
    this.client = client;
    this.pooled = pooled;
    this.onAnswer = onAnswer;
  }

  query(query: QueryText, values: unknown[]): Promise<pg.QueryResult> {
    refuseNul(values);
    return this.heard(this.client.query(this.pooled ? { ...query, name: undefined } : query, values));
  }

  /** Several statements in one message, without parameters. */
  async run(text: string): Promise<pg.QueryResult> {
    return this.heard(this.client.query(text));
  }

  private async heard(answer: Promise<pg.QueryResult>): Promise<pg.QueryResult> {
    try {
      const result = await answer;
      this.onAnswer();
      return result;
    } catch (error) {
      if (error instanceof pg.DatabaseError) this.onAnswer();
      throw error;
    }
  }
}

/**
 * PostgreSQL's text holds no U+0000. No name, address or word of ours has one, so that whoever brings one asks for
 * something that cannot be.
 *
 * @throws Refusal `invalid_input`
 */
function refuseNul(values: readonly unknown[]): void {
  for (const value of values) {
    if (typeof value === 'string' && value.includes('\0')) {
      throw new Refusal('invalid_input', { detail: 'Text holds the character U+0000' });
    }
  }
}

/** What the driver needs to connect. */
export function clientConfig(options: PostgresOptions): pg.ClientConfig {
  return {
    connectionString: options.url,
    application_name: 'letterlock',
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    connectionTimeoutMillis: options.connect,
    // The server's own limit comes first; this one is for a server that says nothing any more.
    query_timeout: options.statement + 1_000,
    // A pooler takes no settings with the connection: those of a transaction are set with its beginning.
    ...(options.pooled ? {} : { statement_timeout: options.statement }),
  };
}
