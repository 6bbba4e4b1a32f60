import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { Clock } from '../clock.ts';
import type { SessionReads } from '../store.ts';
import type { SessionKey } from './session.ts';
import type { SessionRegistry } from './session-registry.ts';
import { type SessionSource, foundInStore } from './session-source.ts';

/**
 * For how long a session is believed to be as it was read. Whoever changes one says so, and everybody notices at the
 * next request; this is for what was said and got lost.
 */
export const knowledgeMilliseconds = 2_000;
/** The same for who makes no requests, but listens: less, because it is looked at only now and then. */
const listenerMilliseconds = 1_300;
/** Keys that are read with one query. */
const keysAtOnce = 200;

/** Reads sessions anew that may have changed on another node. */
export class SessionRefresh {
  private readonly registry: SessionRegistry;
  private readonly source: SessionSource;
  private readonly reads: SessionReads;
  private readonly keys: AtRestKeys;
  private readonly clock: Clock;
  private readonly running = new Map<SessionKey, Promise<void>>();

  constructor(options: {
    registry: SessionRegistry;
    source: SessionSource;
    reads: SessionReads;
    keys: AtRestKeys;
    clock: Clock;
  }) {
    this.registry = options.registry;
    this.source = options.source;
    this.reads = options.reads;
    this.keys = options.keys;
    this.clock = options.clock;
  }

  /** Reads what the key opens, unless that is known of this version by now. */
  async refresh(key: SessionKey, version: number): Promise<void> {
    for (;;) {
      const running = this.running.get(key);
      if (running === undefined) break;
      await running;
      if (!this.isOutOfDate(key, version)) return;
    }
    const reading = this.read(key, version).finally(() => this.running.delete(key));
    this.running.set(key, reading);
    await reading;
  }

  /**
   * Looks again at the keys that connections are open for, where the knowledge is older than it may be. What ended
   * elsewhere ends here.
   */
  async recheck(): Promise<void> {
    const due = this.registry.watchedKeys().filter((key) => this.isOld(key, listenerMilliseconds));
    for (let at = 0; at < due.length; at += keysAtOnce)
      await this.recheckSome(due.slice(at, at + keysAtOnce));
  }

  private async recheckSome(keys: readonly SessionKey[]): Promise<void> {
    const knownAt = this.clock.now();
    const stored = await this.reads.byKeyIds(keys.map(({ id }) => id));
    const found = new Map(stored.map((each) => [each.key.id, each]));
    for (const key of keys) {
      const row = found.get(key.id);
      this.registry.apply(key, row === undefined ? null : foundInStore(this.keys, row));
      if (key.shared !== null) key.shared.knownAt = Math.max(key.shared.knownAt, knownAt);
    }
  }

  private async read(key: SessionKey, version: number): Promise<void> {
    const knownAt = this.clock.now();
    const stored = await this.reads.byKeyId(key.id);
    if (stored !== null) this.registry.apply(key, foundInStore(this.keys, stored));
    else if (key.session.userId !== null) this.registry.apply(key, null);
    else if (key.shared?.version !== version) this.registry.apply(key, await this.source.byKeyId(key.id));
    if (key.shared === null) return;
    // The version was told before the store was read: what came later has another.
    key.shared.version = version;
    key.shared.knownAt = knownAt;
  }

  private isOutOfDate(key: SessionKey, version: number): boolean {
    return this.registry.holds(key) && (key.shared?.version !== version || this.isOld(key));
  }

  private isOld({ shared }: SessionKey, milliseconds = knowledgeMilliseconds): boolean {
    return shared !== null && this.clock.now() - shared.knownAt >= milliseconds;
  }
}
