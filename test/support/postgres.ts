import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { missing } from './required-services.ts';
import { type PostgresOptions, postgresDefaults } from '../../src/store/postgres/options.ts';

/** Where tests find a PostgreSQL server on which they may make databases of their own. */
export const testServer = serverFrom(
  process.env['TEST_POSTGRES_URL'] ?? 'postgres://127.0.0.1:5432/postgres',
);

export const postgresMigrations = path.join(import.meta.dirname, '..', '..', '..', 'drizzle', 'postgres');

/** False, or why tests that need the server are skipped. `.ci/run` starts one, so that there they never are. */
export const skipWithoutPostgres: string | false = await reasonToSkip();

/** A database of a test's own. */
export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  /** Runs statements, over a connection that is open for no longer than that. */
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /** A connection to do something with; closed when the database is dropped, at the latest. */
  connect(): Promise<pg.Client>;
  /** Ends every connection to it, as a server that stops would. */
  cutOff(): Promise<void>;
  drop(): Promise<void>;
}

export async function newDatabase(): Promise<TestDatabase> {
  const name = `letterlock_test_${randomBytes(8).toString('hex')}`;
  await onServer(`CREATE DATABASE ${name}`);
  const url = withDatabase(name);
  const clients: pg.Client[] = [];
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client(url);
    client.on('error', () => {});
    clients.push(client);
    await client.connect();
    return client;
  };
  const cutOff = async (): Promise<void> => {
    await onServer(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
  };
  return {
    name,
    url,
    connect,
    cutOff,
    query: async (text, values) => {
      const client = await connect();
      const { rows } = await client.query(text, values);
      await client.end();
      return rows as never;
    },
    drop: async () => {
      await Promise.all(clients.map((client) => client.end().catch(() => {})));
      await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

/** How a store uses a test's database; waits are short. */
export function testOptions(url: string, changes: Partial<PostgresOptions> = {}): PostgresOptions {
  return { ...postgresDefaults, url, place: 'a test', writers: 4, readers: 4, ...changes };
}

/** Runs a statement on the server, in no database of a test's own. */
export async function onServer(text: string): Promise<void> {
  const client = new pg.Client(testServer);
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

function withDatabase(name: string): string {
  const url = new URL(testServer);
  url.pathname = `/${name}`;
  return url.href;
}

/** As whoever runs the tests, where the address names nobody. */
function serverFrom(text: string): string {
  const url = new URL(text);
  if (url.username === '') url.username = userInfo().username;
  return url.href;
}

async function reasonToSkip(): Promise<string | false> {
  try {
    await onServer('SELECT 1');
    return false;
  } catch (error) {
    return missing(
      `there is no PostgreSQL at TEST_POSTGRES_URL: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
