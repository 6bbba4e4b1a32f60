import { existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { SqliteDatabase, isSqliteError } from './driver.ts';
import { MaintenanceError, type StoreCounts } from '../../core/maintenance.ts';
import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { databaseSuffixes, isTaken, makeDraft, publishDraft, removeDraft } from '../draft-file.ts';
import { type Ended, endWhatPassed } from './ending.ts';
import { copyingError } from './file-error.ts';
import { firstProblems } from '../inspection/inspect.ts';
import { keysFit } from '../master-key-check.ts';
import { sqliteDialect } from './dialect.ts';
import { inspectFile } from './inspect.ts';
import { applyMigrations, migrationState } from './migrations.ts';
import { DatabaseTooNew, StoreOpenError } from '../open-error.ts';
import { lockDatabase } from './process-lock.ts';

export interface RestoreOptions {
  /** The backup. It is only read. */
  readonly source: string;
  /** Where the database is to be; there must be none. */
  readonly target: string;
  readonly migrationsFolder: string;
  readonly keys: AtRestKeys;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly onProgress: (sentence: string) => void;
}

export interface RestoreReport {
  readonly database: string;
  readonly bytes: number;
  readonly counts: StoreCounts;
  /** What was in the backup and is not in the database. */
  readonly ended: Ended;
}

/**
 * Makes a database of a backup: copied to another name, brought up to date, freed of what must not live twice, checked,
 * and only then given its name. Until then nothing is there that a server could start on.
 *
 * @throws MaintenanceError, StoreOpenError with a sentence for an admin; nothing was changed then
 */
export async function restoreDatabase(options: RestoreOptions): Promise<RestoreReport> {
  const { target } = options;
  refuseExisting(target);
  let release = (): void => {};
  try {
    mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 });
    release = lockDatabase(target);
    // Another restore may have been faster to the lock.
    refuseExisting(target);
    return await restoreLocked(options);
  } catch (error) {
    throw error instanceof StoreOpenError
      ? error
      : copyingError(error, target, `The backup ${options.source}`);
  } finally {
    release();
  }
}

async function restoreLocked(options: RestoreOptions): Promise<RestoreReport> {
  const { target, onProgress } = options;
  // Under the lock nobody else writes it: what is there was left by a restore that was broken off.
  const draft = `${target}.restoring`;
  removeDraft(draft);
  try {
    await copyBackup(options, draft);
    const { counts, ended } = await finishDraft(options, draft);
    const bytes = statSync(draft).size;
    onProgress('putting it in place');
    publishDraft(draft, target);
    return { database: target, bytes, counts, ended };
  } catch (error) {
    removeDraft(draft);
    throw error;
  }
}

function refuseExisting(target: string): void {
  if (isTaken(target)) {
    throw new MaintenanceError(
      `There is a database ${target} already, and it was left as it is: move it away first, together with any ${path.basename(target)}-wal and ${path.basename(target)}-shm beside it.`,
    );
  }
  const rest = databaseSuffixes.map((suffix) => target + suffix).find(isTaken);
  // SQLite would take it for a part of the new database.
  if (rest !== undefined) {
    throw new MaintenanceError(`There is ${rest}, a part of an earlier database: move it away first.`);
  }
}

async function copyBackup(
  { source, migrationsFolder, keys, onProgress }: RestoreOptions,
  draft: string,
): Promise<void> {
  if (!existsSync(source)) throw new MaintenanceError(`There is no file ${source}.`);
  const connection = openBackup(source);
  try {
    checkOrigin(connection, source, migrationsFolder);
    if (!(await keysFit(sqliteDialect(connection), keys))) {
      throw new MaintenanceError(
        `The master.key in KEYS_DIR is not the one that ${source} was written with. Keys are not in a backup: bring the folder keys/ of the server it was made on along.`,
      );
    }
    onProgress('copying');
    makeDraft(draft);
    connection.prepare('VACUUM INTO ?').run(draft);
  } finally {
    connection.close();
  }
}

function openBackup(source: string): SqliteDatabase {
  try {
    const connection = new SqliteDatabase(source, { readonly: true, fileMustExist: true, timeout: 5_000 });
    // Opening reads nothing yet.
    connection.pragma('schema_version');
    return connection;
  } catch (error) {
    const code = isSqliteError(error) ? error.code : '';
    if (code === 'SQLITE_NOTADB') throw notOurs(source);
    if (code.startsWith('SQLITE_CORRUPT')) throw error;
    throw new MaintenanceError(`The file ${source} cannot be read: check who may read it.`, error);
  }
}

/** @throws MaintenanceError unless this program knows everything that was done to the database */
function checkOrigin(connection: SqliteDatabase, source: string, migrationsFolder: string): void {
  try {
    if (migrationState(connection, migrationsFolder, source).applied.length === 0) throw notOurs(source);
  } catch (error) {
    if (error instanceof DatabaseTooNew) {
      throw new MaintenanceError(
        `The backup ${source} was made by a newer version of Letterlock: restore it with that version or a later one.`,
      );
    }
    throw error instanceof StoreOpenError ? notOurs(source) : error;
  }
}

function notOurs(source: string): MaintenanceError {
  return new MaintenanceError(`The file ${source} is no backup of Letterlock.`);
}

async function finishDraft(
  { source, migrationsFolder, keys, now, onProgress }: RestoreOptions,
  draft: string,
): Promise<{ counts: StoreCounts; ended: Ended }> {
  const connection = new SqliteDatabase(draft, { fileMustExist: true });
  try {
    applyMigrations(connection, migrationsFolder, source);
    connection.pragma('foreign_keys = ON');
    // What was ended is overwritten rather than left in free pages.
    connection.pragma('secure_delete = ON');
    const ended = await endWhatPassed(connection, keys, now);
    const report = await inspectFile(connection, { keys, onProgress });
    if (report.problemCount > 0) {
      throw new MaintenanceError(`The backup ${source} is not whole: ${firstProblems(report)}`);
    }
    return { counts: report.counts, ended };
  } finally {
    connection.close();
  }
}
