import type { Inspection } from '../inspection/inspection.ts';
import type { SqliteDatabase } from './driver.ts';

/** SQLite's own checks: the pages of the file, the indexes, and references from row to row. */
export async function checkFile(
  connection: SqliteDatabase,
  { findings, onProgress }: Inspection,
): Promise<void> {
  onProgress('checking the pages of the file');
  await findings.attempt('the file', async () => {
    const results = connection.pragma('integrity_check(100)') as { integrity_check: string }[];
    for (const { integrity_check: result } of results) {
      if (result !== 'ok') findings.add(`The file is damaged: ${result}.`);
    }
  });
  onProgress('checking what refers to what');
  await findings.attempt('the references between rows', async () => {
    const missing = connection.prepare<[], { child: string; id: number; parent: string }>(
      'SELECT "table" AS child, rowid AS id, parent FROM pragma_foreign_key_check',
    );
    for (const { child, id, parent } of missing.iterate()) {
      findings.add(`Row ${id} of the table ${child} belongs to a row of ${parent} that is not there.`);
    }
  });
}
