import type { GuessRow } from '../store.ts';

/**
 * How failed guesses slow down the next ones. An account is slowed, never locked: whoever knows the password
 * gets in after a minute at most, and sessions that are open, or a recovery by mail, are not concerned at all.
 */
interface GuessPolicy {
  /** Failures that cost nothing. */
  readonly free: number;
  /** The first pause, milliseconds. */
  readonly firstPause: number;
  /** How it grows with each further failure: to its double, or by as much again. */
  readonly growth: 'double' | 'add';
  readonly longestPause: number;
  /**
   * This long after the first failure all is forgotten. The first, not the last: guesses that turn out right
   * are counted for a moment too, and where people log in all day nothing would ever be forgotten.
   */
  readonly window: number;
}

const second = 1000;
const minute = 60 * second;

const policies = {
  account: { free: 5, firstPause: 2 * second, growth: 'double', longestPause: minute, window: 60 * minute },
  /**
   * An office may share an address, and its typing errors, so more is free. An address that goes on and on, over
   * many accounts, comes to about 30 guesses an hour.
   */
  address: {
    free: 20,
    firstPause: 2 * second,
    growth: 'double',
    longestPause: 15 * minute,
    window: 60 * minute,
  },
  /**
   * All logins together: what remains against many addresses that try many names. It concerns everybody, so it
   * begins late, grows slowly and ends soon.
   */
  overall: { free: 200, firstPause: 100, growth: 'add', longestPause: 2 * second, window: 10 * minute },
} as const satisfies Record<string, GuessPolicy>;

/** What guesses are counted for. */
export type GuessPolicyName = keyof typeof policies;

/** Whether a guess is looked at now. @param now milliseconds since 1970 */
export function mayGuess(
  policy: GuessPolicyName,
  row: GuessRow | null,
  now: number,
): { readonly ok: true } | { readonly ok: false; readonly retryAfterMs: number } {
  if (row === null || isForgotten(policy, row, now)) return { ok: true };
  // A failure that cost nothing left its time there, which by another node's clock may be still to come.
  if (pauseAfter(policies[policy], row.failures) === 0) return { ok: true };
  const retryAfterMs = row.blockedUntil - now;
  // No pause is longer than the longest: only a clock that was set back says so.
  if (retryAfterMs <= 0 || retryAfterMs > policies[policy].longestPause) return { ok: true };
  return { ok: false, retryAfterMs };
}

/**
 * The row with one failure more. Its `countedSince` stays at the first failure of the window.
 *
 * A guess is counted before it is compared, so that guesses side by side gain nothing.
 */
export function afterFailure(
  policy: GuessPolicyName,
  row: GuessRow | null,
  subject: string,
  now: number,
): GuessRow {
  const before = row === null || isForgotten(policy, row, now) ? null : row;
  const failures = (before?.failures ?? 0) + 1;
  return {
    subject,
    failures,
    countedSince: before?.countedSince ?? now,
    blockedUntil: now + pauseAfter(policies[policy], failures),
  };
}

/**
 * The row after a guess that was counted ahead and turned out right: an account starts afresh (null); for an
 * address, or for all, only this one guess is taken back, since a right one says nothing about the others.
 *
 * The pause goes with it: the one before was over, or the guess would not have been looked at.
 */
export function afterSuccess(policy: GuessPolicyName, row: GuessRow): GuessRow | null {
  if (policy === 'account' || row.failures <= 1) return null;
  return { ...row, failures: row.failures - 1, blockedUntil: 0 };
}

/**
 * Whether there were so many failures, the last of them no longer ago than that. When it was follows from the pause it
 * brought; a row says nothing else of it.
 */
export function isFailedOften(
  policy: GuessPolicyName,
  row: GuessRow,
  now: number,
  limits: { readonly failures: number; readonly milliseconds: number },
): boolean {
  if (row.failures < limits.failures) return false;
  const lastFailureAt = row.blockedUntil - pauseAfter(policies[policy], row.failures);
  // Further away than that is only what was counted before the clock was set back.
  return Math.abs(now - lastFailureAt) < limits.milliseconds;
}

/** The pause after so many failures, milliseconds. */
function pauseAfter({ free, firstPause, growth, longestPause }: GuessPolicy, failures: number): number {
  const beyond = failures - free;
  if (beyond < 0) return 0;
  return Math.min(longestPause, growth === 'double' ? firstPause * 2 ** beyond : firstPause * (beyond + 1));
}

function isForgotten(policy: GuessPolicyName, row: GuessRow, now: number): boolean {
  return now - row.countedSince >= policies[policy].window;
}
