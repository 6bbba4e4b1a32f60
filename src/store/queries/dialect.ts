import type { SQL } from 'drizzle-orm';
import type { Database } from '../sqlite/database.ts';
import type * as schema from '../sqlite/schema.ts';

/**
 * What queries are made with: a connection, the tables, and the few words in which databases differ. The types are those
 * of SQLite; what another database has in their place is built the same way (see `postgres/dialect.ts`).
 */
export interface Dialect {
  readonly database: Database;
  readonly tables: typeof schema;
  /** A query to be run often, which the database need not read anew each time. */
  readonly prepared: <Query extends { prepare(): unknown }>(query: Query) => ReturnType<Query['prepare']>;
  /** The greater of two numbers. */
  readonly greatest: (one: unknown, other: unknown) => SQL;
  /** Where a table's row lies, for a moment. */
  readonly rowPlace: SQL;
  /** A condition: the row lies at one of the places. */
  readonly rowIsAt: (places: SQL) => SQL;
}
