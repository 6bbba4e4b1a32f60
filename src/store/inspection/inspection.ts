import type { StoreCounts } from '../../core/maintenance.ts';
import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { Dialect } from '../queries/dialect.ts';
import type { Findings } from './findings.ts';

/** What the checks of one database share. */
export interface Inspection {
  /** Over a connection on which all is of one moment. */
  readonly dialect: Dialect;
  /** Null: what is sealed cannot be opened, and only the rest is checked. */
  readonly keys: AtRestKeys | null;
  readonly findings: Findings;
  /** Called now and then with what has been done, in a sentence. */
  readonly onProgress: (sentence: string) => void;
}

/** What an inspection came to. */
export interface InspectionReport {
  /** Sentences, the first hundred; empty when everything is whole. */
  readonly problems: readonly string[];
  /** All problems, listed or not. */
  readonly problemCount: number;
  readonly counts: StoreCounts;
}
