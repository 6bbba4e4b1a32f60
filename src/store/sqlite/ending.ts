import type { SqliteDatabase } from './driver.ts';
import { appendAudit } from '../../core/transactions/audit.ts';
import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { transactionOn } from './dialect.ts';

/** How many of each kind were ended. */
export interface Ended {
  readonly sessions: number;
  /** With links that were mailed. */
  readonly codes: number;
  readonly answers: number;
  /** Mails that waited to bring one of them. */
  readonly mails: number;
}

/**
 * Ends what went on after a backup was made, in one transaction, and writes that into the audit log. A session's
 * sequence numbers and a code's guesses have been used up since, and an answer kept for an `idem` tells of something
 * that is no longer so.
 */
export async function endWhatPassed(
  connection: SqliteDatabase,
  keys: AtRestKeys,
  now: number,
): Promise<Ended> {
  const run = (sql: string, ...parameters: number[]): number =>
    connection.prepare(sql).run(...parameters).changes;
  connection.exec('BEGIN IMMEDIATE');
  try {
    run('DELETE FROM session_keys');
    const ended = {
      sessions: run('DELETE FROM sessions'),
      codes: run('DELETE FROM codes') + run('DELETE FROM links'),
      answers: run('DELETE FROM idempotency'),
      mails: run(
        `UPDATE mails SET settled_at = ?, sealed_content = x''
         WHERE settled_at IS NULL AND kind IN ('recovery_code', 'email_code', 'recovery_link', 'email_link')`,
        now,
      ),
    };
    await appendAudit(transactionOn(connection), keys, now, {
      actor: 'console',
      action: 'restore',
      target: 'database',
      details: { ended },
    });
    connection.exec('COMMIT');
    return ended;
  } catch (error) {
    if (connection.inTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}
