import type pg from 'pg';

/** Longer than any transaction of a request that is not held up itself. */
const longMilliseconds = 1_000;

/**
 * Names who uses tables of this database in a transaction that has lasted for a while: `pg_dump (process 4711)`, for a
 * sentence to an admin. What other users' transactions have lasted the server tells only to who may know it.
 */
export async function longTransactions(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ pid: number; name: string }>(
    `SELECT DISTINCT pid, application_name AS name FROM pg_locks JOIN pg_stat_activity USING (pid)
       WHERE locktype = 'relation' AND granted AND datname = current_database() AND pid <> pg_backend_pid()
         AND coalesce(xact_start < clock_timestamp() - $1 * interval '1 millisecond', true)
       ORDER BY pid LIMIT 5`,
    [longMilliseconds],
  );
  return rows.map(({ pid, name }) => `${name || 'a program'} (process ${pid})`).join(', ');
}
