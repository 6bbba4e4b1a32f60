import type { Clock, Timers } from './clock.ts';
import type { Logger } from './logger.ts';
import { idempotencyMilliseconds } from './idempotency.ts';
import type { SeenAddresses } from './moderation/seen-addresses.ts';
import { unwrittenUseMilliseconds } from './sessions/live-rows.ts';
import type { SessionRegistry } from './sessions/session-registry.ts';
import type { Store } from './store.ts';
import type { Transactions } from './transactions.ts';

/** Pause between two rounds of the clean-up. */
const pauseMilliseconds = 30_000;
/** Rows of each kind that one transaction deletes at most, so that no request waits long behind it. */
const rowsAtOnce = 200;
/** Sessions remembered in one transaction at most. */
const touchesAtOnce = 500;
/** How long settled mails stay, to be counted. */
const settledMailMilliseconds = 2 * 60 * 60 * 1000;
/** How long after its first failure a guess counter is of use to nobody. */
const guessMilliseconds = 24 * 60 * 60 * 1000;
/** How long it is known where a user was seen, for who is about to ban an address. */
export const seenAddressMilliseconds = 7 * 24 * 60 * 60 * 1000;

export interface UpkeepDependencies {
  readonly store: Store<Transactions>;
  readonly registry: SessionRegistry;
  readonly seen: SeenAddresses;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Idle time of logged-in sessions, milliseconds. */
  readonly idle: number;
}

/**
 * Deletes what has expired, in small steps, and writes down when sessions were last used and where: once in a while rather than
 * at every request.
 */
export class Upkeep {
  private readonly dependencies: UpkeepDependencies;
  private cancel = (): void => {};
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(dependencies: UpkeepDependencies) {
    this.dependencies = dependencies;
  }

  start(): void {
    this.cancel = this.dependencies.timers.setTimeout(() => this.round(), pauseMilliseconds);
  }

  /** Remembers the last uses and ends. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancel();
    await this.running;
    // Where the store is away a stop goes on: what is lost is when sessions were last used.
    await this.rememberUses().catch((error: unknown) => {
      this.dependencies.logger.warn('last uses were not written down', { error });
    });
  }

  /** One whole round, for who does not want to wait for it. */
  async run(): Promise<void> {
    const { store, registry, clock, idle } = this.dependencies;
    await this.rememberUses();
    while (registry.sweep(5_000) > 0 && !this.stopped);
    const now = clock.now();
    const expiry = {
      now,
      sessionsUsedBefore: now - idle - (registry.isShared ? unwrittenUseMilliseconds : 0),
      idempotencyBefore: now - idempotencyMilliseconds,
      mailsSettledBefore: now - settledMailMilliseconds,
      guessesBefore: now - guessMilliseconds,
      addressesSeenBefore: now - seenAddressMilliseconds,
    };
    while ((await store.transact('deleteExpired', { expiry, limit: rowsAtOnce })) > 0 && !this.stopped);
  }

  private round(): void {
    this.running = this.run()
      .catch((error: unknown) => this.dependencies.logger.error('the clean-up failed', { error }))
      .finally(() => {
        if (!this.stopped) this.start();
      });
  }

  private async rememberUses(): Promise<void> {
    const touched = this.dependencies.registry.takeTouched();
    for (let at = 0; at < touched.length; at += touchesAtOnce) {
      await this.dependencies.store.transact('touchSessions', touched.slice(at, at + touchesAtOnce));
    }
    const seen = this.dependencies.seen.take();
    for (let at = 0; at < seen.length; at += touchesAtOnce) {
      await this.dependencies.store.transact('noteAddresses', seen.slice(at, at + touchesAtOnce));
    }
  }
}
