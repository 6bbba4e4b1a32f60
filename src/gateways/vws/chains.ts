import { type RandomBytes, newId } from '../../core/random.ts';
import {
  type Chain,
  type ChainKeeper,
  type Pair,
  type TakenId,
  idMilliseconds,
  rememberedMilliseconds,
} from './chain.ts';
import { keyBytes } from './field-cipher.ts';
import { hashSessionId, newSessionId } from './session-id.ts';

/** Ids that wait for a request, of chains without and with a user, and ids that have expired: so many of each. */
const defaultCapacity = 100_000;
/** Entries looked at, for each one added, whether their time is over: the walk is faster than the growth. */
const stepsPerEntry = 4;

interface Link {
  readonly chain: Chain;
  /** As text: it takes less memory than a buffer of its own, and holds no larger one. */
  readonly key: string;
  readonly endsAt: number;
}

/**
 * The ids that are good, in the memory of a single node. Where there are too many, the oldest go; those with a user are
 * counted apart, so that nobody is pushed out by who has not even logged in.
 */
export class Chains implements ChainKeeper {
  private readonly random: RandomBytes;
  private readonly capacity: number;
  // All entries of a map live equally long, so those whose time is over stand in front.
  private readonly anonymous = new Map<string, Link>();
  private readonly loggedIn = new Map<string, Link>();
  private readonly expired = new Map<string, number>();

  /** @param options.capacity ids of each kind. Default 100,000 */
  constructor(options: { random: RandomBytes; capacity?: number }) {
    this.random = options.random;
    this.capacity = options.capacity ?? defaultCapacity;
  }

  /** How many ids are held, by kind. */
  get size(): { anonymous: number; loggedIn: number; expired: number } {
    return { anonymous: this.anonymous.size, loggedIn: this.loggedIn.size, expired: this.expired.size };
  }

  begin(): Chain {
    return { name: newId(this.random), login: null, askedForCode: false, notedAt: 0 };
  }

  issue(chain: Chain, now: number): Pair {
    const pair = { id: newSessionId(this.random), key: this.random(keyBytes).toString('hex') };
    const hash = hashSessionId(pair.id);
    if (hash === null) throw new Error('a fresh id has the form of one');
    const map = chain.login === null ? this.anonymous : this.loggedIn;
    map.set(hash, { chain, key: pair.key, endsAt: now + idMilliseconds });
    if (map.size > this.capacity) deleteOldest(map);
    this.sweep(now);
    return pair;
  }

  take(id: string, now: number): TakenId {
    this.sweep(now);
    const hash = hashSessionId(id);
    if (hash === null) return { state: 'unknown' };
    const link = this.anonymous.get(hash) ?? this.loggedIn.get(hash);
    if (link === undefined) return { state: this.expired.has(hash) ? 'expired' : 'unknown' };
    if (link.endsAt <= now) {
      this.expire(hash, link);
      return { state: 'expired' };
    }
    this.anonymous.delete(hash);
    this.loggedIn.delete(hash);
    return { state: 'good', chain: link.chain, key: link.key };
  }

  private sweep(now: number): void {
    for (const map of [this.anonymous, this.loggedIn]) {
      for (const [hash, link] of first(map)) if (link.endsAt <= now) this.expire(hash, link);
    }
    for (const [hash, until] of first(this.expired)) if (until <= now) this.expired.delete(hash);
  }

  private expire(hash: string, { endsAt }: Link): void {
    this.anonymous.delete(hash);
    this.loggedIn.delete(hash);
    this.expired.set(hash, endsAt + rememberedMilliseconds);
    if (this.expired.size > this.capacity) deleteOldest(this.expired);
  }
}

function deleteOldest(map: Map<string, unknown>): void {
  for (const hash of map.keys()) {
    map.delete(hash);
    return;
  }
}

function first<Value>(map: Map<string, Value>): [string, Value][] {
  const entries: [string, Value][] = [];
  for (const entry of map) {
    if (entries.push(entry) === stepsPerEntry) break;
  }
  return entries;
}
