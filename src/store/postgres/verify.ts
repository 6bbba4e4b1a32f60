import type pg from 'pg';
import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { inspectWithAnyKeys } from '../inspection/inspect.ts';
import type { InspectionReport } from '../inspection/inspection.ts';
import { StoreOpenError } from '../open-error.ts';
import { refuseHalfMigrated } from './half-migrated.ts';
import { migrationState } from './migrations.ts';
import type { PostgresOptions } from './options.ts';
import { withSnapshot } from './snapshot.ts';

export interface PostgresVerifyOptions {
  readonly postgres: PostgresOptions;
  readonly migrationsFolder: string;
  /** Null: what is sealed is not opened. */
  readonly keys: AtRestKeys | null;
  readonly onProgress: (sentence: string) => void;
}

/**
 * Checks a database as it is at one moment, without changing anything in it; servers may go on writing. What PostgreSQL
 * keeps right by itself, pages and references, is left to it.
 *
 * @throws StoreOpenError where there is nothing that could be checked, or the database goes away
 */
export async function verifyPostgres(options: PostgresVerifyOptions): Promise<InspectionReport> {
  const { postgres, migrationsFolder, keys, onProgress } = options;
  return withSnapshot(postgres, async ({ client, dialect, recover }) => {
    await checkForm(client, migrationsFolder, postgres.place);
    await refuseHalfMigrated(client, postgres.place);
    return inspectWithAnyKeys({ dialect, keys, onProgress, recover });
  });
}

/** @throws StoreOpenError unless the database has the form that this program knows */
async function checkForm(client: pg.ClientBase, folder: string, place: string): Promise<void> {
  const { applied, pending } = await migrationState(client, folder, place);
  if (applied === 0) throw new StoreOpenError(`There is no database of Letterlock in ${place}.`);
  if (pending.length > 0) {
    throw new StoreOpenError(
      `The database ${place} was last used by an older version of Letterlock: start the server on it once, or verify it with that version.`,
    );
  }
}
