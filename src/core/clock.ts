/** The time, as an argument, so that tests can move it. */
export interface Clock {
  /** Milliseconds since 1970 UTC. */
  now(): number;
}

/** Timers, as an argument. */
export interface Timers {
  /** Calls back once after the time, unless it is cancelled with what this returns. */
  setTimeout(callback: () => void, milliseconds: number): () => void;
}
