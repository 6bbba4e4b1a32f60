import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type { Transaction } from '../../core/store.ts';
import type { Dialect } from '../queries/dialect.ts';
import { transactionOver } from '../queries/transaction.ts';
import type { Queryable } from './queryable.ts';
import * as tables from './schema.ts';

/** Statements keep their names across connections, so that a pooler between us and the server can tell them apart. */
const statementNames = new Map<string, string>();

/**
 * How queries are made for PostgreSQL: the queries of `queries/`, over tables of the same names with columns of the same
 * names. drizzle builds both databases' queries through the same methods; that what they come to is the same too is
 * what the store's contract suite is for, and so this is the one place where the types of SQLite are asserted.
 */
export function postgresDialect(client: Queryable): Dialect {
  return {
    database: drizzle({ client: client as never }),
    tables,
    prepared: (query: PostgresQuery) => query.prepare(nameOf(query.toSQL().sql)),
    greatest: (one: unknown, other: unknown) => sql`greatest(${one}, ${other})`,
    rowPlace: sql`ctid`,
    rowIsAt: (places: unknown) => sql`ctid = any(array(${places}))`,
  } as unknown as Dialect;
}

/** All queries over one connection, or over whatever hands them to one. */
export function transactionOn(client: Queryable): Transaction {
  return transactionOver(postgresDialect(client));
}

interface PostgresQuery {
  prepare(name: string): unknown;
  toSQL(): { sql: string };
}

function nameOf(text: string): string {
  const known = statementNames.get(text);
  if (known !== undefined) return known;
  const name = `q${statementNames.size + 1}`;
  statementNames.set(text, name);
  return name;
}
