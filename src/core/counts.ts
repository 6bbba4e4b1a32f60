/** What core has done since the start, whichever way it was asked; for the metrics. */
export interface CoreCounts {
  /** Session keys made: for new sessions, and for those that changed theirs. */
  readonly handshakes: { opened: number; rotated: number };
  /** Refusals of each limit, by its name. */
  readonly limited: Map<string, number>;
}

/** Nothing done yet. */
export function newCoreCounts(): CoreCounts {
  return { handshakes: { opened: 0, rotated: 0 }, limited: new Map() };
}
