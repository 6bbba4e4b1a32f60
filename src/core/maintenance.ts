/** What an admin can do with the store as a whole, whatever it stands on. Times are milliseconds since 1970 UTC. */

/** How much of everything a store holds. */
export interface StoreCounts {
  readonly users: number;
  readonly sessions: number;
  readonly rooms: number;
  readonly messages: number;
  readonly auditEntries: number;
}

/** A copy that was opened, checked and counted. */
export interface BackupReport {
  readonly file: string;
  readonly bytes: number;
  readonly counts: StoreCounts;
  /** The moment that the copy shows. */
  readonly at: number;
}

/** A data key and what hangs on it. */
export interface DataKeyUse {
  readonly version: number;
  readonly createdAt: number;
  readonly retiredAt: number | null;
  /** Messages sealed under it. */
  readonly messages: number;
}

/** Work on the whole store that takes long: none of it is done on the event loop or holds up a write. */
export interface StoreMaintenance {
  /**
   * Copies the database as it is at one moment, and checks the copy before it says done.
   *
   * @throws MaintenanceError with a sentence for an admin: the file is there already, cannot be written, or the copy is
   *   not whole
   */
  backup(file: string): Promise<BackupReport>;
  /** What hangs on each data key, oldest first. */
  keyUse(): Promise<DataKeyUse[]>;
  count(): Promise<StoreCounts>;
}

/** Something an admin has to know, in a sentence. Nothing was changed. */
export class MaintenanceError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'MaintenanceError';
  }
}
