import type { Clock } from '../clock.ts';
import { Refusal } from '../errors.ts';

/** How often something may be done: at once, and in the long run. */
export interface RateLimit {
  readonly name: string;
  /** As many at once. */
  readonly burst: number;
  readonly perMinute: number;
}

/** Counts what is done, by limit and subject. Fails open: where it cannot count, it allows. */
export interface RateLimiter {
  /**
   * Counts one, unless it would be too many: what is refused does not count.
   *
   * @param now milliseconds since 1970
   * @returns 0 when it is allowed and counted; else the milliseconds until it would be
   */
  take(limit: RateLimit, subject: string, now: number): number | Promise<number>;
}

/** Limits nothing: `LIMITS=off`. */
export const unlimited: RateLimiter = { take: () => 0 };

/**
 * All limits there are. Those by address count for an `addressGroup`, and leave room for an office or a class behind
 * one address: a person opens a session when an app starts, logs in when the day does, registers once. What is above
 * them is no office; what is below costs a small machine a few hundredths of a core.
 */
export const limits = {
  handshakesOfAddress: { name: 'handshakes of an address', burst: 120, perMinute: 120 },
  /** A handshake costs about 0.1 ms of the event loop: all of them together may take a twentieth of it. */
  handshakes: { name: 'handshakes', burst: 2_000, perMinute: 30_000 },
  /** A client rotates after 1,000 requests or 10 minutes (PROTOCOL.md §4). */
  rotationsOfSession: { name: 'rotations of a session', burst: 8, perMinute: 8 },
  /** Each costs an Argon2id and, in time, the making of a key pair: about half a second of a core. */
  registrationsOfAddress: { name: 'registrations from an address', burst: 20, perMinute: 10 },
  /** Each costs an Argon2id. Wrong ones are slowed much sooner: `guess-backoff.ts`. */
  loginsOfAddress: { name: 'logins from an address', burst: 60, perMinute: 60 },
  /** Each may send a mail; how many one recipient gets is bounded besides. */
  recoveriesOfAddress: { name: 'recoveries from an address', burst: 10, perMinute: 5 },
  /** Each costs one RSA operation, 1 to 3 ms of a core: one user cannot take more than a fair part. */
  decryptionsOfUser: { name: 'decryptions of a user', burst: 500, perMinute: 6_000 },
  /** Each costs the making of a key pair. */
  /** Each costs a password hash, right or wrong. */
  confirmationsOfUser: { name: 'password confirmations of a user', burst: 30, perMinute: 30 },
  keyRotationsOfUser: { name: 'new keys of a user', burst: 5, perMinute: 1 },
} as const satisfies Record<string, RateLimit>;

/** Counts one for the subject, or throws. */
export type EnforceLimit = (limit: RateLimit, subject: string) => Promise<void>;

/** Binds the limiter. What it returns throws a Refusal `rate_limited` that says, in seconds, when to come back. */
export function enforcer(limiter: RateLimiter, clock: Clock): EnforceLimit {
  return async (limit, subject) => {
    const wait = await limiter.take(limit, subject, clock.now());
    if (wait > 0) throw new Refusal('rate_limited', { retryAfter: Math.max(1, Math.ceil(wait / 1000)) });
  };
}
