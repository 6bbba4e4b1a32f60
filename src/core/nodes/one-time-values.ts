/**
 * Values of which each is given out once, whichever node is asked, declared here and implemented by `src/shared-state/`.
 * What it loses, or gets back from an older copy of itself, is given out to nobody. It refuses with `busy` while it
 * cannot be asked; what was asked may then have been done.
 */
export interface OneTimeValues {
  /** Keeps the value for so long. */
  put(name: string, value: Buffer, milliseconds: number): Promise<void>;
  /** Gives the value out and forgets it, in one step; null where there is none, or none any more. */
  take(name: string): Promise<Buffer | null>;
}
