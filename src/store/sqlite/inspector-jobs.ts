import type { DataKeyUse, StoreCounts } from '../../core/maintenance.ts';

/** What the main thread and an inspector thread say to each other. */

/** What is to be done; an inspector does one thing and ends. */
export type Job =
  | { readonly kind: 'count' }
  | { readonly kind: 'key use' }
  /** Copies to `draft` first; only what was found whole is given the name `file`. A failed draft is the asker's to remove. */
  | { readonly kind: 'copy'; readonly draft: string; readonly file: string };

/** What comes of each kind of job. */
export interface JobResults {
  readonly count: StoreCounts;
  readonly 'key use': DataKeyUse[];
  readonly copy: { readonly bytes: number; readonly counts: StoreCounts; readonly at: number };
}

/** What an inspector thread is started with. */
export interface InspectorOptions {
  /** The database. */
  readonly path: string;
  readonly masterKey: Uint8Array;
  readonly job: Job;
}

export type FromInspector =
  | { readonly kind: 'done'; readonly result: unknown }
  /** The sentence is for an admin. */
  | { readonly kind: 'failed'; readonly sentence: string; readonly reason: string };
