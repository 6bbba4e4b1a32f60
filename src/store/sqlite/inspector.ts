import { statSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { SqliteDatabase } from './driver.ts';
import { MaintenanceError } from '../../core/maintenance.ts';
import { createAtRestKeys } from '../../crypto/at-rest.ts';
import { isTaken, makeDraft, publishDraft } from '../draft-file.ts';
import { firstProblems } from '../inspection/inspect.ts';
import { countStore, keyUse } from '../queries/counting.ts';
import { sqliteDialect } from './dialect.ts';
import { copyingError } from './file-error.ts';
import { inspectFile } from './inspect.ts';
import type { FromInspector, InspectorOptions, Job, JobResults } from './inspector-jobs.ts';
import { openingSentence } from './open-error.ts';

/**
 * A thread for one job that takes long. It has a reading connection of its own: in WAL mode that neither waits for who
 * writes nor makes them wait.
 */

const { path, masterKey, job } = workerData as InspectorOptions;
const say = (message: FromInspector): void => parentPort?.postMessage(message);

try {
  const connection = openReading();
  try {
    say({ kind: 'done', result: await work(connection, job) });
  } finally {
    connection.close();
  }
} catch (error) {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const sentence = error instanceof MaintenanceError ? error.message : openingSentence(error, path);
  say({ kind: 'failed', sentence, reason });
}

function openReading(): SqliteDatabase {
  return new SqliteDatabase(path, { readonly: true, fileMustExist: true, timeout: 5_000 });
}

async function work(connection: SqliteDatabase, job: Job): Promise<JobResults[Job['kind']]> {
  switch (job.kind) {
    case 'count':
      return countStore(sqliteDialect(connection));
    case 'key use':
      return keyUse(sqliteDialect(connection));
    case 'copy':
      return copy(connection, job.draft, job.file);
  }
}

async function copy(connection: SqliteDatabase, draft: string, file: string): Promise<JobResults['copy']> {
  try {
    if (isTaken(file)) throw Object.assign(new Error(`${file} is there`), { code: 'EEXIST' });
    makeDraft(draft);
    const at = Date.now();
    // One statement reads in one transaction: the copy is of one moment, whatever is written meanwhile.
    connection.prepare('VACUUM INTO ?').run(draft);
    const counts = await inspectCopy(draft);
    const bytes = statSync(draft).size;
    publishDraft(draft, file);
    return { bytes, counts, at };
  } catch (error) {
    throw copyingError(error, file, `The database ${path}`);
  }
}

async function inspectCopy(draft: string): Promise<JobResults['count']> {
  const connection = new SqliteDatabase(draft, { readonly: true, fileMustExist: true });
  try {
    const report = await inspectFile(connection, { keys: createAtRestKeys(Buffer.from(masterKey)) });
    if (report.problemCount > 0) {
      throw new MaintenanceError(
        `The copy is not whole and was removed, because the database is not: ${firstProblems(report)}`,
      );
    }
    return report.counts;
  } finally {
    connection.close();
  }
}
