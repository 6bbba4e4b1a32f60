/**
 * Remembers who has to wait before the next guess, so that a flood of guesses need not ask the store. The store's
 * counters decide: what is forgotten here costs a transaction, never a guess.
 */
export interface GuessBlocks {
  /** Milliseconds until all of the subjects may be guessed at again; 0 where nothing says otherwise. */
  waitFor(subjects: readonly string[], now: number): number | Promise<number>;

  /** Remembers that the store lets nobody guess at the subjects before these times. */
  remember(blocks: readonly GuessBlock[], now: number): void;

  /** Forgets the subjects: their counters have changed. */
  forget(subjects: readonly string[]): void | Promise<void>;
}

/** A subject that has to be left alone for a while. */
export interface GuessBlock {
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly blockedUntil: number;
}

/** Remembers nothing: where there is one node, the store is near. */
export const noGuessBlocks: GuessBlocks = {
  waitFor: () => 0,
  remember: () => {},
  forget: () => {},
};
