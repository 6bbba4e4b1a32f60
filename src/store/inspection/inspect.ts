import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { keysFit } from '../master-key-check.ts';
import { countStore } from '../queries/counting.ts';
import type { Dialect } from '../queries/dialect.ts';
import { checkAudit } from './audit-checks.ts';
import { checkDataKeys } from './data-key-checks.ts';
import { Findings } from './findings.ts';
import type { Inspection, InspectionReport } from './inspection.ts';
import { checkRooms } from './room-checks.ts';
import { checkSealedRows } from './sealed-row-checks.ts';

export interface InspectionOptions {
  /** Over a connection on which all is of one moment. */
  readonly dialect: Dialect;
  /** What everything should open under; null leaves what is sealed unopened. */
  readonly keys: AtRestKeys | null;
  /** Called now and then with a sentence. */
  readonly onProgress?: (sentence: string) => void;
  /** What is to be checked of how the database keeps its rows, before the rows. */
  readonly checkStorage?: (inspection: Inspection) => Promise<void>;
  /** Makes the connection good again after a query failed on it, at the same moment of the database. */
  readonly recover?: () => Promise<void>;
}

/**
 * Checks everything in a database and counts it. It goes on after whatever it finds, reads page by page, and takes as
 * long as it takes: not for a server's event loop.
 */
export async function inspectDatabase(options: InspectionOptions): Promise<InspectionReport> {
  const { dialect, keys, checkStorage, recover = async () => {}, onProgress = () => {} } = options;
  const findings = new Findings(recover);
  const inspection = { dialect, findings, keys, onProgress };
  let counts = { users: 0, sessions: 0, rooms: 0, messages: 0, auditEntries: 0 };
  await findings.attempt('the tables', async () => {
    counts = await countStore(dialect);
  });
  await checkStorage?.(inspection);
  const dataKeys = await checkDataKeys(inspection);
  await findings.attempt('the rooms', () => checkRooms(inspection, dataKeys, counts.messages));
  await checkSealedRows(inspection);
  await checkAudit(inspection);
  return { problems: findings.problems, problemCount: findings.count, counts };
}

/** The same, with keys that may turn out to be those of another database: then what is sealed stays unopened. */
export async function inspectWithAnyKeys(options: InspectionOptions): Promise<InspectionReport> {
  const { dialect, keys } = options;
  if (keys === null || (await keysFit(dialect, keys))) return inspectDatabase(options);
  const { problems, problemCount, counts } = await inspectDatabase({ ...options, keys: null });
  const misfit =
    'The master.key in KEYS_DIR is not the one this database was written with, so that nothing sealed was opened.';
  return { problems: [misfit, ...problems], problemCount: problemCount + 1, counts };
}

/** The first problems in one line, for where there is no room for all. */
export function firstProblems({ problems, problemCount }: InspectionReport): string {
  const first = problems.slice(0, 5);
  const more = problemCount > first.length ? ` And ${problemCount - first.length} more.` : '';
  return first.join(' ') + more;
}
