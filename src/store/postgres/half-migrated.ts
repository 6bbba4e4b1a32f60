import type pg from 'pg';
import { StoreOpenError } from '../open-error.ts';

/** The name of the fact that is there as long as a migration into the database is not finished. */
export const migrationFact = 'migration-under-way';

/** What a migration has written down of itself; null where none is under way. */
export async function migrationUnderWay(client: pg.ClientBase): Promise<Buffer | null> {
  const { rows: tables } = await client.query<{ facts: unknown }>("SELECT to_regclass('facts') AS facts");
  if (tables[0]?.facts === null) return null;
  const { rows } = await client.query<{ value: Buffer }>('SELECT value FROM facts WHERE name = $1', [
    migrationFact,
  ]);
  return rows[0]?.value ?? null;
}

/** @throws StoreOpenError where a part of what belongs in the database may not have arrived yet */
export async function refuseHalfMigrated(client: pg.ClientBase, place: string): Promise<void> {
  if ((await migrationUnderWay(client)) === null) return;
  throw new StoreOpenError(
    `The database ${place} is half migrated: run the same \`letterlock migrate\` again, which finishes it.`,
  );
}
