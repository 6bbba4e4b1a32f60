import type { SessionKey } from './session.ts';

/** Accepts each sequence number of a session key once, and counts what is sealed under it (PROTOCOL.md §2, §4). */
export interface ReplayGuard {
  /**
   * Tests and sets. Called only for payloads that have opened.
   *
   * @returns false for a number that was used or is older than the window
   * @throws Refusal `session_unknown` when the session ended meanwhile
   */
  accept(key: SessionKey, seq: number): boolean | Promise<boolean>;

  /** Counts a payload that is about to be sealed. False when the key has sealed all it may. */
  countSeal(key: SessionKey): boolean;

  /** The lowest number that is certainly fresh. */
  nextSeq(key: SessionKey): number;

  /** Makes sure that all numbers accepted so far stay refused, whatever is restarted. */
  cover(key: SessionKey): Promise<void>;
}
