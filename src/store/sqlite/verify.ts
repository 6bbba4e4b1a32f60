import { existsSync } from 'node:fs';
import { SqliteDatabase } from './driver.ts';
import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { InspectionReport } from '../inspection/inspection.ts';
import { inspectFile } from './inspect.ts';
import { migrationState } from './migrations.ts';
import { StoreOpenError } from '../open-error.ts';
import { openingSentence } from './open-error.ts';

export interface VerifyOptions {
  /** The database file, which a server may be running on. */
  readonly file: string;
  readonly migrationsFolder: string;
  /** Null: what is sealed is not opened. */
  readonly keys: AtRestKeys | null;
  readonly onProgress: (sentence: string) => void;
}

/**
 * Checks a database without changing anything in it. It takes as long as it takes: not for a server's event loop.
 *
 * @throws StoreOpenError where there is nothing that could be checked
 */
export async function verifyDatabase({
  file,
  migrationsFolder,
  keys,
  onProgress,
}: VerifyOptions): Promise<InspectionReport> {
  if (!existsSync(file)) throw new StoreOpenError(`There is no database ${file}.`);
  try {
    const connection = new SqliteDatabase(file, { readonly: true, fileMustExist: true, timeout: 5_000 });
    try {
      if (migrationState(connection, migrationsFolder, file).pending.length > 0) {
        throw new StoreOpenError(
          `The database ${file} was last used by an older version of Letterlock: start the server on it once, or verify it with that version.`,
        );
      }
      return await inspectFile(connection, { keys, onProgress });
    } finally {
      connection.close();
    }
  } catch (error) {
    throw error instanceof StoreOpenError ? error : new StoreOpenError(openingSentence(error, file));
  }
}
