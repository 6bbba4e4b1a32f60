import { setTimeout as pause } from 'node:timers/promises';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import type pg from 'pg';
import { DatabaseTooNew, StoreOpenError } from '../open-error.ts';
import { isLockFailure } from './failures.ts';
import { longTransactions } from './long-transactions.ts';
import { lockNumber } from './subject-locks.ts';

/** Where it is written which migrations were applied: by the times in their journal, as on SQLite. */
const journal = '__drizzle_migrations';
/** The name of the fact that tells the oldest migration a program must know (drizzle/postgres/README.md). */
export const oldestMigrationFact = 'oldest-migration';

/**
 * How long a statement of a migration waits for a table that others use. Whoever comes to the table meanwhile waits behind
 * it, every reader of every node.
 */
const lockMilliseconds = 1_000;
/** Those who waited behind a migration go on before it is tried again. */
const firstPauseMilliseconds = 1_000;
const longestPauseMilliseconds = 15_000;

interface Migration {
  readonly time: number;
  readonly hash: string;
  readonly statements: readonly string[];
}

/**
 * Brings the database to the form this program knows, one node at a time. Where a table is in use for long, by a backup
 * for instance, it is tried again until that is over, however long it takes: nodes that run go on meanwhile.
 *
 * @param place what the database is called in sentences
 * @param onWait told what is waited for
 * @returns whether it was new
 * @throws DatabaseTooNew when a newer version has taken away what this program needs; StoreOpenError when the database
 *   belongs to another program, or a migration can no longer be applied in its place
 */
export async function applyMigrations(
  client: pg.ClientBase,
  folder: string,
  place: string,
  onWait: (sentence: string) => void = () => {},
): Promise<{ created: boolean }> {
  const known = knownMigrations(folder);
  // Without the lock first: a node that starts beside others has nothing to do, and should not wait for their work.
  if ((await stateOf(client, known, place)).pending.length === 0) return { created: false };
  for (let milliseconds = firstPauseMilliseconds; ; milliseconds *= 2) {
    try {
      return await applyPending(client, known, place);
    } catch (error) {
      if (!isLockFailure(error)) throw error;
    }
    const users = await longTransactions(client);
    onWait(
      `The migration of the database ${place} waits for tables that are in use${users === '' ? '' : `: ${users}`}. It is tried again until they are free.`,
    );
    await pause(Math.min(milliseconds, longestPauseMilliseconds) * (0.75 + Math.random() / 2));
  }
}

async function applyPending(
  client: pg.ClientBase,
  known: readonly Migration[],
  place: string,
): Promise<{ created: boolean }> {
  await client.query(`BEGIN; SELECT pg_advisory_xact_lock(${lockNumber('migrations')})`);
  try {
    // Not before the lock above: another node's migrations take as long as they take.
    await client.query(`SET LOCAL lock_timeout = ${lockMilliseconds}`);
    const { applied, pending } = await stateOf(client, known, place);
    await client.query(
      `CREATE TABLE IF NOT EXISTS ${journal} (hash text NOT NULL, created_at bigint PRIMARY KEY)`,
    );
    for (const { time, hash, statements } of pending) {
      for (const statement of statements) await client.query(statement);
      await client.query(`INSERT INTO ${journal} (hash, created_at) VALUES ($1, $2)`, [hash, time]);
    }
    await client.query('COMMIT');
    return { created: applied === 0 };
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

/**
 * Looks how the database stands to what this program knows, and changes nothing.
 *
 * @returns how many migrations were applied, and those to come
 * @throws DatabaseTooNew, StoreOpenError as `applyMigrations` does
 */
export async function migrationState(
  client: pg.ClientBase,
  folder: string,
  place: string,
): Promise<{ applied: number; pending: readonly unknown[] }> {
  return stateOf(client, knownMigrations(folder), place);
}

async function stateOf(
  client: pg.ClientBase,
  known: readonly Migration[],
  place: string,
): Promise<{ applied: number; pending: readonly Migration[] }> {
  const applied = await appliedMigrations(client, place);
  const newest = Math.max(...known.map(({ time }) => time));
  const unknown = [...applied].filter((time) => !known.some((each) => each.time === time));
  const pending = known.filter(({ time }) => !applied.has(time));
  const cannotCatchUp = new StoreOpenError(
    `The database ${place} was changed by another version of Letterlock, and this one cannot catch up with it.`,
  );
  // Of a version that is neither older nor newer.
  if (unknown.some((time) => time < newest)) throw cannotCatchUp;
  if (pending.some(({ time }) => time < Math.max(...applied))) throw cannotCatchUp;
  if (unknown.length > 0 && (await oldestMigration(client)) > newest) throw new DatabaseTooNew(place);
  return { applied: applied.size, pending };
}

function knownMigrations(folder: string): Migration[] {
  return readMigrationFiles({ migrationsFolder: folder }).map(({ folderMillis, hash, sql }) => ({
    time: folderMillis,
    hash,
    statements: sql,
  }));
}

/** The times of the migrations in the database. */
async function appliedMigrations(client: pg.ClientBase, place: string): Promise<Set<number>> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
       AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')`,
  );
  const tables = new Set(rows.map(({ name }) => name));
  if (tables.has(journal) && tables.has('facts')) {
    const { rows: times } = await client.query<{ at: string }>(`SELECT created_at AS at FROM ${journal}`);
    return new Set(times.map(({ at }) => Number(at)));
  }
  if (tables.size > 0) {
    throw new StoreOpenError(
      `The database ${place} belongs to another program: DATABASE_URL points to something else.`,
    );
  }
  return new Set();
}

/** The oldest migration that a program has to know to work on this database. */
async function oldestMigration(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ value: Buffer }>('SELECT value FROM facts WHERE name = $1', [
    oldestMigrationFact,
  ]);
  return Number(rows[0]?.value.toString() ?? 0);
}
