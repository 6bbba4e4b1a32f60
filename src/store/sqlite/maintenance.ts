import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  type BackupReport,
  type DataKeyUse,
  MaintenanceError,
  type StoreCounts,
  type StoreMaintenance,
} from '../../core/maintenance.ts';
import { databaseSuffixes } from '../draft-file.ts';
import type { FromInspector, Job, JobResults } from './inspector-jobs.ts';

export interface SqliteMaintenanceOptions {
  /** The database file. */
  readonly path: string;
  /** 32 bytes; cloned into the threads. */
  readonly masterKey: Uint8Array;
}

/**
 * Maintenance of an open SQLite database. Each job gets a thread of its own that ends with it: one backup at a time,
 * and beside it one question at a time.
 */
export class SqliteMaintenance implements StoreMaintenance {
  private readonly options: SqliteMaintenanceOptions;
  private readonly threads = new Set<Worker>();
  private lastQuestion: Promise<unknown> = Promise.resolve();
  private backupUnderWay: Promise<unknown> | null = null;
  private isClosed = false;

  constructor(options: SqliteMaintenanceOptions) {
    this.options = options;
  }

  async backup(file: string): Promise<BackupReport> {
    const target = path.resolve(file);
    if (this.isOwnFile(target)) {
      throw new MaintenanceError(`The file ${target} belongs to the database: choose another name.`);
    }
    if (this.backupUnderWay !== null) {
      throw new MaintenanceError('Another backup is being made: wait until it is done.');
    }
    const made = this.copyTo(target);
    this.backupUnderWay = made;
    try {
      return await made;
    } finally {
      this.backupUnderWay = null;
    }
  }

  async keyUse(): Promise<DataKeyUse[]> {
    return this.ask({ kind: 'key use' });
  }

  async count(): Promise<StoreCounts> {
    return this.ask({ kind: 'count' });
  }

  /** Breaks off what is under way and takes nothing more; resolves when all threads have ended. */
  async close(): Promise<void> {
    this.isClosed = true;
    const underWay = this.backupUnderWay;
    await Promise.all(Array.from(this.threads, (thread) => thread.terminate()));
    // Its caller learns of its end; here it is only waited for.
    await underWay?.catch(() => {});
  }

  private async copyTo(file: string): Promise<BackupReport> {
    const draft = `${file}.${randomBytes(6).toString('hex')}.part`;
    try {
      const { bytes, counts, at } = await this.run<'copy'>({ kind: 'copy', draft, file });
      return { file, bytes, counts, at };
    } catch (error) {
      // Here rather than in the thread, which may have been broken off. Where it cannot be removed, why there is no
      // copy is still the news.
      for (const suffix of ['', ...databaseSuffixes])
        await rm(draft + suffix, { force: true }).catch(() => {});
      throw error;
    }
  }

  private async ask<Kind extends Job['kind']>(job: Extract<Job, { kind: Kind }>): Promise<JobResults[Kind]> {
    const answer = this.lastQuestion.then(() => this.run<Kind>(job));
    this.lastQuestion = answer.catch(() => {});
    return answer;
  }

  private run<Kind extends Job['kind']>(job: Extract<Job, { kind: Kind }>): Promise<JobResults[Kind]> {
    return new Promise((resolve, reject) => {
      if (this.isClosed) {
        reject(new MaintenanceError('The server is stopping.'));
        return;
      }
      const thread = new Worker(new URL('./inspector.js', import.meta.url), {
        workerData: { ...this.options, job },
      });
      this.threads.add(thread);
      let said: FromInspector | null = null;
      let fault: unknown = null;
      thread.on('message', (message: FromInspector) => (said = message));
      thread.on('error', (error) => (fault = error));
      thread.on('exit', () => {
        this.threads.delete(thread);
        if (said?.kind === 'done') resolve(said.result as JobResults[Kind]);
        else if (said?.kind === 'failed') reject(new MaintenanceError(said.sentence, new Error(said.reason)));
        else if (this.isClosed)
          reject(new MaintenanceError('It was broken off, because the server is stopping.'));
        else reject(new MaintenanceError('It was broken off by a fault of the program.', fault));
      });
    });
  }

  private isOwnFile(file: string): boolean {
    const database = path.resolve(this.options.path);
    return ['', '.lock', ...databaseSuffixes].some((suffix) => file === database + suffix);
  }
}
