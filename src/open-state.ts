import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { machineNames } from './certificate-reload.ts';
import type { Config } from './config.ts';
import type { Logger } from './core/logger.ts';
import type { Store } from './core/store.ts';
import { transactionSubjects } from './core/transaction-subjects.ts';
import { type TransactionEnvironment, type Transactions, createTransactions } from './core/transactions.ts';
import { type AtRestKeys, createAtRestKeys } from './crypto/at-rest.ts';
import { packageFolder } from './package-folder.ts';
import { type KeyFolder, KeyFolderError, openKeyFolder } from './store/key-folder.ts';
import { SqliteMaintenance } from './store/sqlite/maintenance.ts';
import { masterKeyCheckFact } from './store/master-key-check.ts';
import { openSqliteStore } from './store/sqlite/open.ts';
import { type PostgresOptions, postgresDefaults } from './store/postgres/options.ts';
import { systemClock } from './system-clock.ts';

/**
 * Opens keys and database, which have to fit each other; makes them where there are none.
 *
 * @param onFatal called when the database can no longer be written
 * @throws KeyFolderError, StoreOpenError, with a sentence for an admin
 */
export async function openState(config: Config, logger: Logger, onFatal: (error: Error) => void) {
  makeFolder(config.folders.data);
  const postgres = postgresOptions(config);
  const { keys, store, maintenance } =
    postgres === null
      ? await openOnSqlite(config, logger, onFatal)
      : await openOnPostgres(config, logger, postgres);
  try {
    await checkMasterKey(store, createAtRestKeys(keys.masterKey));
  } catch (error) {
    await store.close();
    throw error;
  }
  return {
    keys,
    store,
    maintenance,
    close: async (): Promise<void> => {
      // Before the store: the last connection to close removes the log, which a reading one could not.
      await maintenance.close();
      await store.close();
    },
  };
}

/** Keys and database, open. */
export type OpenState = Awaited<ReturnType<typeof openState>>;

/** How the PostgreSQL database of the configuration is reached; null where it has another. */
export function postgresOptions({ database, secrets }: Config): PostgresOptions | null {
  if (database.kind !== 'postgres') return null;
  const { place, pool, statement, connect, pooled } = database;
  const url = secrets.databaseUrl?.reveal() ?? '';
  return { ...postgresDefaults, url, place, writers: pool, readers: pool, statement, connect, pooled };
}

async function openOnSqlite(config: Config, logger: Logger, onFatal: (error: Error) => void) {
  const file = config.database.kind === 'sqlite' ? config.database.file : '';
  makeFolder(path.dirname(file));
  const keys = await openKeys(config, logger, existsSync(file));
  const environment: TransactionEnvironment = { masterKey: keys.masterKey };
  const store = await openSqliteStore<Transactions>({
    path: file,
    migrationsFolder: path.join(packageFolder(), 'drizzle'),
    transactions: { module: new URL('./core/transactions.js', import.meta.url), environment },
    onFatal,
  });
  return { keys, store, maintenance: new SqliteMaintenance({ path: file, masterKey: keys.masterKey }) };
}

async function openOnPostgres(config: Config, logger: Logger, postgres: PostgresOptions) {
  // A server on SQLite loads nothing of the driver.
  const { holdsData, openPostgresStore } = await import('./store/postgres/open.ts');
  const keys = await openKeys(config, logger, await holdsData(postgres, masterKeyCheckFact));
  const store = await openPostgresStore<Transactions>({
    postgres,
    migrationsFolder: path.join(packageFolder(), 'drizzle', 'postgres'),
    isOneOfSeveral: config.redis !== null,
    functions: createTransactions({ masterKey: keys.masterKey }),
    subjects: transactionSubjects,
    onWait: (sentence) => logger.warn(sentence),
  });
  return { keys, store, maintenance: store.maintenance };
}

function openKeys(config: Config, logger: Logger, databaseExists: boolean): Promise<KeyFolder> {
  return openKeyFolder({
    folder: config.folders.keys,
    databaseExists,
    ...machineNames(),
    now: systemClock.now(),
    warn: (message) => logger.warn(message),
  });
}

/** @throws KeyFolderError when the database was written under another master key */
async function checkMasterKey(store: Store<Transactions>, atRest: AtRestKeys): Promise<void> {
  const fact = { name: masterKeyCheckFact, value: atRest.check };
  // Of several nodes that start on a new database at once, the first one's key is the database's.
  const known = (await store.read.facts.find(fact.name)) ?? (await store.transact('keepFact', fact));
  if (!atRest.check.equals(known)) {
    throw new KeyFolderError(
      'The master.key in KEYS_DIR is not the one this database was written with: put the right one back.',
    );
  }
}

function makeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}
