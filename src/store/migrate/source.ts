import { existsSync, realpathSync } from 'node:fs';
import { MaintenanceError } from '../../core/maintenance.ts';
import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { firstProblems, inspectDatabase } from '../inspection/inspect.ts';
import { keysFit } from '../master-key-check.ts';
import { DatabaseTooNew, StoreOpenError } from '../open-error.ts';
import type { Dialect } from '../queries/dialect.ts';
import { sqliteDialect } from '../sqlite/dialect.ts';
import { SqliteDatabase } from '../sqlite/driver.ts';
import { checkFile } from '../sqlite/file-checks.ts';
import { migrationState } from '../sqlite/migrations.ts';
import { openingSentence } from '../sqlite/open-error.ts';
import { lockDatabase } from '../sqlite/process-lock.ts';
import { carriedTables } from './carried-tables.ts';

export interface SourceOptions {
  /** The database file. It is only read. */
  readonly file: string;
  readonly migrationsFolder: string;
  readonly keys: AtRestKeys;
  readonly onProgress: (sentence: string) => void;
}

/** A SQLite database at one moment, on which no server runs. */
export interface Source {
  /** Its file, under the name that no link hides. */
  readonly file: string;
  readonly dialect: Dialect;
}

/**
 * Holds a SQLite database still, checks that it is whole, and does something with it.
 *
 * @throws StoreOpenError, MaintenanceError with a sentence for an admin: a server runs on it, it is of another version,
 *   not whole, or written under another master key
 */
export async function withSource<Result>(
  options: SourceOptions,
  act: (source: Source) => Promise<Result>,
): Promise<Result> {
  if (!existsSync(options.file)) throw new StoreOpenError(`There is no database ${options.file}.`);
  const file = realpathSync(options.file);
  const { connection, release } = openSource(file);
  try {
    const dialect = sqliteDialect(connection);
    // What is read first fixes the moment.
    checkForm(connection, options.migrationsFolder, file);
    await checkContent(connection, dialect, { ...options, file });
    return await act({ file, dialect });
  } finally {
    connection.close();
    release();
  }
}

function openSource(file: string): { connection: SqliteDatabase; release: () => void } {
  let release = (): void => {};
  try {
    release = lockDatabase(file);
    const connection = new SqliteDatabase(file, { readonly: true, fileMustExist: true, timeout: 5_000 });
    connection.exec('BEGIN');
    return { connection, release };
  } catch (error) {
    release();
    throw error instanceof StoreOpenError ? error : new StoreOpenError(openingSentence(error, file));
  }
}

/** @throws StoreOpenError unless the database has the form that this program knows, table for table */
function checkForm(connection: SqliteDatabase, folder: string, file: string): void {
  try {
    const { applied, pending } = migrationState(connection, folder, file);
    if (applied.length === 0) throw new StoreOpenError(`There is nothing in the database ${file} yet.`);
    if (pending.length > 0) {
      throw new StoreOpenError(
        `The database ${file} was last used by an older version of Letterlock: start this one on it once, stop it, and migrate then.`,
      );
    }
    const known = new Set(carriedTables.map(({ name }) => name));
    const unknown = tablesIn(connection).find((name) => !known.has(name));
    if (unknown !== undefined) {
      throw new StoreOpenError(
        `The database ${file} has a table ${unknown} that this version does not know.`,
      );
    }
  } catch (error) {
    if (error instanceof DatabaseTooNew) {
      throw new StoreOpenError(
        `${error.message.replace(/:.*/, '')}: migrate with that version or a later one.`,
      );
    }
    throw error instanceof StoreOpenError ? error : new StoreOpenError(openingSentence(error, file));
  }
}

function tablesIn(connection: SqliteDatabase): string[] {
  return connection
    .prepare<[], { name: string }>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> '__drizzle_migrations' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )
    .all()
    .map(({ name }) => name);
}

/** @throws MaintenanceError: it would not be whole after the migration either */
async function checkContent(
  connection: SqliteDatabase,
  dialect: Dialect,
  { file, keys, onProgress }: SourceOptions,
): Promise<void> {
  if (!(await keysFit(dialect, keys))) {
    throw new MaintenanceError(
      `The master.key in KEYS_DIR is not the one that ${file} was written with: put the right one there.`,
    );
  }
  const report = await inspectDatabase({
    dialect,
    keys,
    checkStorage: (inspection) => checkFile(connection, inspection),
    onProgress: (sentence) => onProgress(`${file}: ${sentence}`),
  });
  if (report.problemCount > 0) {
    throw new MaintenanceError(`The database ${file} is not whole: ${firstProblems(report)}`);
  }
}
