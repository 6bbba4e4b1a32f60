import type { Clock } from '../clock.ts';
import { Refusal } from '../errors.ts';

/** How often something may be done: at once, and in the long run. */
export interface RateLimit {
  readonly name: string;
  /** As many at once. */
  readonly burst: number;
  readonly perMinute: number;
  /**
   * Where nodes count together and cannot for a while: `open` counts on each node by itself; `shut` refuses with
   * `busy`, for what outlasts the outage.
   */
  readonly withoutRedis: 'open' | 'shut';
}

/** Counts what is done, by limit and subject. */
export interface RateLimiter {
  /**
   * Counts one, unless it would be too many: what is refused does not count.
   *
   * @param now milliseconds since 1970
   * @returns 0 when it is allowed and counted; else the milliseconds until it would be
   * @throws Refusal `busy` where a limit that fails shut cannot be counted
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
  handshakesOfAddress: { name: 'handshakes of an address', burst: 120, perMinute: 120, withoutRedis: 'open' },
  /** A handshake costs about 0.1 ms of the event loop: all of them together may take a twentieth of it. */
  handshakes: { name: 'handshakes', burst: 2_000, perMinute: 30_000, withoutRedis: 'open' },
  /** A client rotates after 1,000 requests or 10 minutes (PROTOCOL.md §4). */
  rotationsOfSession: { name: 'rotations of a session', burst: 8, perMinute: 8, withoutRedis: 'open' },
  /** Each costs an Argon2id and, in time, the making of a key pair: about half a second of a core; and it stays. */
  registrationsOfAddress: {
    name: 'registrations from an address',
    burst: 20,
    perMinute: 10,
    withoutRedis: 'shut',
  },
  /** Each costs an Argon2id. Wrong ones are slowed much sooner: `guess-backoff.ts`. */
  loginsOfAddress: { name: 'logins from an address', burst: 60, perMinute: 60, withoutRedis: 'open' },
  /** Each may send a mail; how many one recipient gets is bounded besides. */
  recoveriesOfAddress: { name: 'recoveries from an address', burst: 10, perMinute: 5, withoutRedis: 'shut' },
  /** Each costs one RSA operation, 1 to 3 ms of a core: one user cannot take more than a fair part. */
  decryptionsOfUser: { name: 'decryptions of a user', burst: 500, perMinute: 6_000, withoutRedis: 'open' },
  /** Each costs a password hash, right or wrong. */
  confirmationsOfUser: {
    name: 'password confirmations of a user',
    burst: 30,
    perMinute: 30,
    withoutRedis: 'open',
  },
  /** Sends, edits, read marks: faster than anybody types, slow enough to leave room for others. */
  messagesOfUser: { name: 'messages of a user', burst: 200, perMinute: 1_200, withoutRedis: 'open' },
  /** A client says so every few seconds. */
  typingOfUser: { name: 'typing of a user', burst: 60, perMinute: 120, withoutRedis: 'open' },
  newRoomsOfUser: { name: 'new rooms of a user', burst: 20, perMinute: 2, withoutRedis: 'open' },
  /** Joins, invitations, approvals and the like. */
  membershipsOfUser: {
    name: 'membership changes by a user',
    burst: 100,
    perMinute: 60,
    withoutRedis: 'open',
  },
  /** A client opens one, and opens it anew when it breaks. */
  streamsOfUser: { name: 'event streams of a user', burst: 60, perMinute: 60, withoutRedis: 'open' },
  /** Each costs the making of a key pair. */
  keyRotationsOfUser: { name: 'new keys of a user', burst: 5, perMinute: 1, withoutRedis: 'open' },
  /** Each leaves a row in the store, for what they said to point at. */
  guestsOfAddress: { name: 'guests from an address', burst: 60, perMinute: 30, withoutRedis: 'open' },
  /** Each keeps others from a name for minutes; a person tries a few until one is free. */
  nameHoldsOfAddress: { name: 'names held from an address', burst: 20, perMinute: 10, withoutRedis: 'open' },
} as const satisfies Record<string, RateLimit>;

/** Live connections that one user may have at once on one node: as many as anybody has devices, and then some. */
export const connectionsOfUser = 50;

/** Counts one for the subject, or throws. */
export type EnforceLimit = (limit: RateLimit, subject: string) => Promise<void>;

/**
 * Binds the limiter. What it returns throws a Refusal `rate_limited` that says, in seconds, when to come back.
 *
 * @param limited where refusals are counted, by the name of the limit
 */
export function enforcer(
  limiter: RateLimiter,
  clock: Clock,
  limited: Map<string, number> = new Map(),
): EnforceLimit {
  return async (limit, subject) => {
    const wait = await limiter.take(limit, subject, clock.now());
    if (wait <= 0) return;
    limited.set(limit.name, (limited.get(limit.name) ?? 0) + 1);
    throw new Refusal('rate_limited', { retryAfter: Math.max(1, Math.ceil(wait / 1000)) });
  };
}
