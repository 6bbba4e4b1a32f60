import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Distribution } from '../../core/distribution.ts';
import type { Store, TransactionFunctions } from '../../core/store.ts';
import type { Subjects, SubjectsOf } from '../../core/transaction-subjects.ts';
import { StoreOpenError } from '../open-error.ts';
import { Availability, databaseAway } from './availability.ts';
import { CallQueue, type CallQueueOptions } from './call-queue.ts';
import { ConnectionPool } from './connection-pool.ts';
import { clientConfig } from './connections.ts';
import { isConnectionLost } from './failures.ts';
import { refuseHalfMigrated } from './half-migrated.ts';
import { PostgresMaintenance } from './maintenance.ts';
import { applyMigrations } from './migrations.ts';
import { NodeLock } from './node-lock.ts';
import { openingError } from './open-error.ts';
import type { PostgresOptions } from './options.ts';
import { ReadingClient, readerOver } from './reading.ts';
import { SilenceWatch } from './silence-watch.ts';

/** The oldest server this is tested against, by its own count. */
const oldestServer = { number: 130_000, name: '13' };

export interface PostgresStoreOptions<Functions> extends Pick<CallQueueOptions, 'batch' | 'waiting'> {
  readonly postgres: PostgresOptions;
  readonly migrationsFolder: string;
  /** Whether nodes that share what has to be shared may run beside this one. */
  readonly isOneOfSeveral: boolean;
  /** Run in this thread: they wait for the database, not for the disk. */
  readonly functions: Functions & TransactionFunctions;
  readonly subjects: SubjectsOf<Functions>;
  /** Told what opening waits for, where that takes long. */
  readonly onWait?: (sentence: string) => void;
}

/** A store on PostgreSQL, with what it counts. */
export interface PostgresStore<Functions> extends Store<Functions> {
  /** Whether the database was new. */
  readonly created: boolean;
  /** Commits so far, and transaction functions that shared them. */
  readonly counts: Readonly<{ commits: number; calls: number; callsOfCommit: Distribution }>;
  /** Calls on their way to the database, and those that wait for their turn. */
  readonly depth: Readonly<{ running: number; waiting: number }>;
  readonly maintenance: PostgresMaintenance;
}

/**
 * Opens the database, and makes its tables where there are none. Any number of nodes may do so at once.
 *
 * @throws StoreOpenError with a sentence for an admin; DatabaseTooNew when a newer version has taken away what this one
 *   needs
 */
export async function openPostgresStore<Functions>(
  options: PostgresStoreOptions<Functions>,
): Promise<PostgresStore<Functions>> {
  const { postgres, functions, subjects, migrationsFolder, onWait } = options;
  const { created } = await withClient(postgres, async (client) => {
    const applied = await applyMigrations(client, migrationsFolder, postgres.place, onWait);
    await refuseHalfMigrated(client, postgres.place);
    return applied;
  });
  const lock = new NodeLock(postgres, options.isOneOfSeveral);
  try {
    await lock.take();
  } catch (error) {
    await lock.close();
    throw openingError(error, postgres);
  }
  const availability = new Availability(postgres, {
    onAway: () => queue.setAway(true),
    onBack: () => queue.setAway(false),
  });
  const watch = new SilenceWatch({
    isWaitedFor: () => writing.isInUse || reading.isInUse,
    look: () => availability.look(),
    onSilent: () => {
      availability.lost();
      writing.renew();
      reading.renew();
    },
  });
  const onUse = (): void => watch.start();
  const onAnswer = (): void => watch.heard();
  const writing = new ConnectionPool(postgres, postgres.writers, onUse);
  const reading = new ConnectionPool(postgres, postgres.readers, onUse);
  const queue = new CallQueue({
    functions,
    subjectsOf: (name, input) => subjectsFor(subjects, name, input),
    pool: writing,
    postgres,
    availability,
    onAnswer,
    batch: options.batch,
    waiting: options.waiting,
  });
  const maintenance = new PostgresMaintenance(reading);
  let closing: Promise<void> | null = null;
  const closeAll = async (): Promise<void> => {
    await queue.drain();
    availability.close();
    watch.stop();
    await Promise.all([writing.end(), reading.end(), lock.close()]);
  };
  return {
    created,
    read: readerOver(new ReadingClient(reading, postgres, availability, onAnswer)),
    counts: queue.counts,
    maintenance,
    get depth() {
      return queue.depth;
    },
    transact: (name, input) => queue.call(name, input) as never,
    check: () => check(writing, availability),
    close: () => (closing ??= closeAll()),
  };
}

/**
 * Looks whether there is something in the database, and changes nothing.
 *
 * @throws StoreOpenError
 */
export async function holdsData(postgres: PostgresOptions, fact: string): Promise<boolean> {
  return withClient(postgres, async (client) => {
    const { rows: tables } = await client.query("SELECT to_regclass('facts') AS facts");
    if ((tables[0] as { facts: unknown }).facts === null) return false;
    await refuseHalfMigrated(client, postgres.place);
    const { rows } = await client.query('SELECT FROM facts WHERE name = $1', [fact]);
    return rows.length > 0;
  });
}

/** Does something over a connection of its own. @throws StoreOpenError */
export async function withClient<Result>(
  postgres: PostgresOptions,
  act: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  let client: pg.Client | null = null;
  try {
    // Migrations take as long as they take, and the first node's are waited for by all others.
    client = new pg.Client({ ...clientConfig(postgres), query_timeout: 0, statement_timeout: 0 });
    client.on('error', () => {});
    await client.connect();
    await checkServer(client, postgres);
    return await act(client);
  } catch (error) {
    throw openingError(error, postgres);
  } finally {
    await client?.end().catch(() => {});
  }
}

async function checkServer(client: pg.Client, { named }: PostgresOptions): Promise<void> {
  const { rows } = await client.query<{ number: string; name: string; encoding: string }>(
    `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS name,
       current_setting('server_encoding') AS encoding`,
  );
  const { number = '0', name = '', encoding = '' } = rows[0] ?? {};
  if (Number(number) < oldestServer.number) {
    throw new StoreOpenError(
      `The PostgreSQL server of ${named} is version ${name}: version ${oldestServer.name} or a later one is needed.`,
    );
  }
  if (encoding !== 'UTF8') {
    throw new StoreOpenError(
      `The database of ${named} is encoded in ${encoding}: make one with ENCODING 'UTF8'.`,
    );
  }
}

function subjectsFor<Functions>(subjects: SubjectsOf<Functions>, name: string, input: unknown): Subjects {
  const of = subjects[name as keyof Functions] as (input: unknown) => Subjects;
  return of(input);
}

/** A trivial write. The value is another one each time. */
async function check(pool: ConnectionPool, availability: Availability): Promise<void> {
  if (availability.isAway) throw databaseAway();
  const write = () =>
    pool.query(
      `INSERT INTO facts (name, value) VALUES ('last-check', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      [randomBytes(8)],
    );
  // The first connection may be one that has ended without a word.
  await write().catch((error: unknown) => {
    if (!isConnectionLost(error)) throw error;
    if (availability.isAway) throw databaseAway(error);
    return write();
  });
}
