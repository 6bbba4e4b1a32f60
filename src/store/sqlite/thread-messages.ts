import type { Outcome } from '../outcome.ts';

/** What the main thread and the writer thread say to each other. */

/** What the writer thread is started with. */
export interface WriterOptions {
  readonly path: string;
  readonly migrationsFolder: string;
  /** URL of the module that exports `createTransactions(environment)`. */
  readonly module: string;
  readonly environment: unknown;
}

/** One call of a transaction function. */
export interface Call {
  readonly name: string;
  readonly input: unknown;
}

/** The store's own call: no function of core has a name like this. */
export const checkCall = 'store: check';

/** What came of a batch. Where `isDurable` is false, nothing of it was done. */
export interface Committed {
  readonly kind: 'committed';
  readonly isDurable: boolean;
  readonly outcomes: readonly Outcome[];
}

export type ToWriter =
  { readonly kind: 'batch'; readonly calls: readonly Call[] } | { readonly kind: 'close' };

export type FromWriter =
  | { readonly kind: 'ready'; readonly created: boolean }
  | { readonly kind: 'cannot open'; readonly sentence: string; readonly isTooNew: boolean }
  | Committed;
