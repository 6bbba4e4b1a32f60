import type { RateLimit, RateLimiter } from '../core/limits/limits.ts';

/** Entries that are looked at for each one made: the walk is faster than the growth. */
const stepsPerEntry = 2;
/** Entries among which the one to drop is chosen when there are too many. */
const candidatesToDrop = 8;
/** Times have a resolution: what would be allowed in less than a millisecond is allowed. */
const tolerance = 1;

/**
 * Rate limits in this process: GCRA, one number for each subject, which is the time at which its bucket is full
 * again. Subjects whose bucket is full are forgotten, a few whenever one is added.
 */
export class MemoryRateLimiter implements RateLimiter {
  private readonly capacity: number;
  /** Apart for each limit, so that a flood against one cannot push out what another remembers. */
  private readonly buckets = new Map<string, Buckets>();

  /** @param options.capacity subjects that each limit remembers at most. Default 100,000, about 10 MB */
  constructor(options: { capacity?: number } = {}) {
    this.capacity = options.capacity ?? 100_000;
  }

  /** Subjects that are counted now, of all limits. */
  get size(): number {
    let size = 0;
    for (const each of this.buckets.values()) size += each.size;
    return size;
  }

  take(limit: RateLimit, subject: string, now: number): number {
    let buckets = this.buckets.get(limit.name);
    if (buckets === undefined) this.buckets.set(limit.name, (buckets = new Buckets(this.capacity)));
    const step = 60_000 / limit.perMinute;
    const whole = limit.burst * step;
    // No bucket is emptier than empty: only a clock that was set back says so.
    const fullAt = Math.min(Math.max(buckets.fullAt(subject) ?? now, now), now + whole);
    const wait = fullAt + step - whole - now;
    if (wait >= tolerance) return wait;
    buckets.put(subject, fullAt + step, now);
    return 0;
  }
}

/** The buckets of one limit: subject -> when it is full again. Every call is O(1), amortized. */
class Buckets {
  private readonly capacity: number;
  private readonly times = new Map<string, number>();
  /** Walks around the map for ever; entries may come and go meanwhile. */
  private walk: Iterator<[string, number]>;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.walk = this.times.entries();
  }

  get size(): number {
    return this.times.size;
  }

  fullAt(subject: string): number | undefined {
    return this.times.get(subject);
  }

  put(subject: string, fullAt: number, now: number): void {
    const isNew = !this.times.has(subject);
    if (isNew) {
      for (let steps = 0; steps < stepsPerEntry; steps++) this.forgetNextIfFull(now);
      if (this.times.size >= this.capacity && !this.makeRoom(fullAt)) return;
    }
    this.times.set(subject, fullAt);
  }

  private forgetNextIfFull(now: number): void {
    const entry = this.next();
    if (entry !== null && entry[1] <= now) this.times.delete(entry[0]);
  }

  /**
   * Drops the one, of a few, that is full soonest. False when all of them have used more than who comes: then it is
   * that one who is not remembered.
   */
  private makeRoom(fullAt: number): boolean {
    let soonest: [string, number] | null = null;
    for (let count = 0; count < candidatesToDrop; count++) {
      const entry = this.next();
      if (entry !== null && (soonest === null || entry[1] < soonest[1])) soonest = entry;
    }
    if (soonest === null || soonest[1] > fullAt) return false;
    return this.times.delete(soonest[0]);
  }

  /** The next entry of the walk; null where there is none. */
  private next(): [string, number] | null {
    let entry = this.walk.next();
    if (entry.done === true) {
      this.walk = this.times.entries();
      entry = this.walk.next();
    }
    return entry.done === true ? null : entry.value;
  }
}
