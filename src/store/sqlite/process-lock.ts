import { closeSync, openSync } from 'node:fs';
import { SqliteDatabase, isSqliteError } from './driver.ts';
import { StoreOpenError } from '../open-error.ts';

/**
 * Keeps a second server away from the same database: replay windows live in the memory of one process. The lock is
 * SQLite's own, on a file beside the database, which the kernel lets go of however the process ends.
 *
 * @returns what releases it
 * @throws StoreOpenError when another process holds it
 */
export function lockDatabase(path: string): () => void {
  const file = `${path}.lock`;
  // Whoever may read it could hold a lock on it, and keep the server from starting.
  closeSync(openSync(file, 'a', 0o600));
  const lock = new SqliteDatabase(file, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (isSqliteError(error) && error.code.startsWith('SQLITE_BUSY')) {
      throw new StoreOpenError(`Another server is running on the database ${path}: stop it first.`);
    }
    throw error;
  }
  return () => lock.close();
}
