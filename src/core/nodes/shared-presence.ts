/**
 * Who is online on any node, declared here and implemented by `src/shared-state/`. What it forgets, every node puts back
 * with its next beat; a node that does not beat any more counts for nothing after `nodeLifeMilliseconds`.
 */
export interface SharedPresence {
  /** Somebody is online on this node. Returns whether they were on another one, so that nothing is new about it. */
  enter(userId: string): Promise<boolean>;
  /** They are not any more. Returns whether they still are on another node. */
  leave(userId: string): Promise<boolean>;
  /** Says that this node lives, and puts right what is not known of it. */
  beat(): Promise<Beat>;
  /** Nobody is online on this node any more: at once, and without anybody being told that they are gone. */
  withdraw(): Promise<void>;
  /** Of the users named, those online. */
  onlineAmong(userIds: readonly string[]): Promise<Set<string>>;
  /** Some of those online, at most so many, each once. */
  some(limit: number): Promise<string[]>;
  /** How many are online; who is on two nodes may count twice. */
  total(): Promise<number>;
  /** How many listen on this node, by room; those with none are forgotten. */
  setCounts(counts: ReadonlyMap<string, number>): Promise<void>;
  /** How many listen, by room and node. */
  counts(roomIds: readonly string[]): Promise<Map<string, Map<string, number>>>;
}

/** What a beat tells. */
export interface Beat {
  /** Ids of the nodes that live, this one among them. */
  readonly live: ReadonlySet<string>;
  /** Users of nodes that died, who are online nowhere else: it is for this node to say that they are gone. */
  readonly departed: readonly string[];
}

/** Between two beats. */
export const beatMilliseconds = 3_000;
/** Without a beat for so long, a node counts as dead. */
export const nodeLifeMilliseconds = 9_000;
/** Users of a dead node may come back by another one before they are said to be gone. */
export const returnMilliseconds = 4_000;

/**
 * Names that one node at a time has, declared here and implemented by `src/shared-state/`. A node that dies loses them
 * after `leaseMilliseconds`. Where what they are kept in is away, everybody gets what they ask for: nothing hangs on them that
 * the store does not check once more.
 */
export interface Leases {
  /**
   * Takes a name for this node until it is released; false when another node has it. Who of this node has it, the node
   * knows for itself.
   *
   * @param until milliseconds since 1970; null for as long as the node lives
   */
  take(name: string, until: number | null): Promise<boolean>;
  /** Gives it back, if it is this node's. Never throws. */
  release(name: string): Promise<void>;
  /** Renews those of this node. */
  beat(): Promise<void>;
}

/** For how long a lease holds that is not renewed. */
export const leaseMilliseconds = 15_000;
