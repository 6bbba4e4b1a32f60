import { asc, gt } from 'drizzle-orm';
import type { AuditRow } from '../../core/moderation-store.ts';
import { auditHash } from '../../core/transactions/audit.ts';
import { inPages } from '../queries/keyset.ts';
import { range } from './findings.ts';
import type { Inspection } from './inspection.ts';

/** The audit log: numbered without gaps, every entry as it was written, each tied to the one before it. */
export async function checkAudit({ dialect, keys, findings }: Inspection): Promise<void> {
  const { audit } = dialect.tables;
  const entries = inPages<AuditRow>((last, limit) =>
    dialect.database
      .select()
      .from(audit)
      .where(last === null ? undefined : gt(audit.seq, last.seq))
      .orderBy(asc(audit.seq))
      .limit(limit),
  );
  await findings.attempt('the audit log', async () => {
    let last: Pick<AuditRow, 'seq' | 'hash'> = { seq: 0, hash: Buffer.alloc(32) };
    for await (const entry of entries) {
      if (entry.seq !== last.seq + 1) {
        findings.add(`In the audit log, there is no entry ${range(last.seq + 1, entry.seq - 1)}.`);
      } else if (!entry.previousHash.equals(last.hash)) {
        findings.add(`Entry ${entry.seq} of the audit log does not belong after entry ${last.seq}.`);
      }
      if (keys !== null && !entry.hash.equals(auditHash(keys, entry))) {
        findings.add(`Entry ${entry.seq} of the audit log is not as it was written.`);
      }
      last = entry;
    }
  });
}
