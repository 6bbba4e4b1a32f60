import { type InspectionOptions, inspectWithAnyKeys } from '../inspection/inspect.ts';
import type { InspectionReport } from '../inspection/inspection.ts';
import { sqliteDialect } from './dialect.ts';
import type { SqliteDatabase } from './driver.ts';
import { checkFile } from './file-checks.ts';

/** Checks everything in a database, as it is at one moment, and the file it is in. Nothing is written. */
export async function inspectFile(
  connection: SqliteDatabase,
  options: Pick<InspectionOptions, 'keys' | 'onProgress'>,
): Promise<InspectionReport> {
  connection.exec('BEGIN');
  try {
    return await inspectWithAnyKeys({
      ...options,
      dialect: sqliteDialect(connection),
      checkStorage: (inspection) => checkFile(connection, inspection),
    });
  } finally {
    // Committing would fail where the file is damaged.
    if (connection.inTransaction) connection.exec('ROLLBACK');
  }
}
