import type pg from 'pg';
import type { Dialect } from '../queries/dialect.ts';
import { Connection } from './connections.ts';
import { postgresDialect } from './dialect.ts';
import { withClient } from './open.ts';
import type { PostgresOptions } from './options.ts';

/** The database as it is at one moment, whatever is written meanwhile. */
export interface Snapshot {
  readonly dialect: Dialect;
  readonly client: pg.ClientBase;
  /** Goes on at the same moment after a query failed, which ends a transaction. */
  readonly recover: () => Promise<void>;
}

const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
/** A whole database takes longer to read than any request may. */
const unlimited = "SELECT set_config('statement_timeout', '0', true)";

/**
 * Reads at one moment for as long as it takes. The moment is kept by a connection on which nothing can fail, beside
 * the one that reads.
 *
 * @throws StoreOpenError
 */
export async function withSnapshot<Result>(
  postgres: PostgresOptions,
  act: (snapshot: Snapshot) => Promise<Result>,
): Promise<Result> {
  return withClient(postgres, async (keeper) => {
    await keeper.query(begin);
    const { rows } = await keeper.query<{ id: string }>('SELECT pg_export_snapshot() AS id');
    const at = `${begin}; SET TRANSACTION SNAPSHOT '${rows[0]?.id ?? ''}'; ${unlimited}`;
    return withClient(postgres, async (client) => {
      await client.query(at);
      return act({
        dialect: postgresDialect(new Connection(client, postgres)),
        client,
        recover: async () => {
          await client.query('ROLLBACK');
          await client.query(at);
        },
      });
    });
  });
}
