import {
  type BackupReport,
  type DataKeyUse,
  MaintenanceError,
  type StoreCounts,
  type StoreMaintenance,
} from '../../core/maintenance.ts';
import { countStore, keyUse } from '../queries/counting.ts';
import type { Dialect } from '../queries/dialect.ts';
import type { ConnectionPool } from './connection-pool.ts';
import { postgresDialect } from './dialect.ts';

/** Maintenance of an open PostgreSQL database: what asks is done by the server, on one connection at a time. */
export class PostgresMaintenance implements StoreMaintenance {
  private readonly pool: ConnectionPool;

  constructor(pool: ConnectionPool) {
    this.pool = pool;
  }

  backup(): Promise<BackupReport> {
    return Promise.reject(
      new MaintenanceError(
        'A PostgreSQL database is backed up with the tools of PostgreSQL: `pg_dump --format=custom --file=… "$DATABASE_URL"`, or the archive of your provider. Keys are not in it: back the folder keys/ up apart from it.',
      ),
    );
  }

  async keyUse(): Promise<DataKeyUse[]> {
    return this.ask(keyUse);
  }

  async count(): Promise<StoreCounts> {
    return this.ask(countStore);
  }

  /** The pool is closed by whoever opened it, with the store. */
  async close(): Promise<void> {}

  private async ask<Answer>(question: (dialect: Dialect) => Promise<Answer>): Promise<Answer> {
    try {
      return await question(postgresDialect({ query: (query, values) => this.pool.query(query, values) }));
    } catch (error) {
      throw new MaintenanceError('The database did not answer: try again.', error);
    }
  }
}
