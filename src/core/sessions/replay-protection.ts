import { Refusal } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { ReplayGuard } from './replay-guard.ts';
import { type SessionKey, maxSeals, reservationSize } from './session.ts';

/** Makes a reservation durable; false when the session key is gone from the store. */
export type Reserve = (reservation: {
  keyId: string;
  windowReserved: number;
  sealsReserved: number;
}) => Promise<boolean>;

/**
 * Replay windows of the only node: each sequence number is accepted once, over restarts too (PROTOCOL.md §2).
 *
 * The window itself lives in memory. What makes it safe over a restart is that no number is accepted above the
 * reserved one, which is in the store: after a restart everything up to it counts as seen. Reservations are
 * made ahead, thousands of numbers at a time, so that requests hardly ever wait for one.
 */
export class ReplayProtection implements ReplayGuard {
  private readonly reserve: Reserve;
  private readonly logger: Logger;
  private readonly reserving = new Map<SessionKey, Promise<void>>();

  constructor(options: { reserve: Reserve; logger: Logger }) {
    this.reserve = options.reserve;
    this.logger = options.logger;
  }

  accept(key: SessionKey, seq: number): boolean | Promise<boolean> {
    if (!key.window.check(seq)) return false;
    if (key.session.userId !== null) {
      if (seq > key.windowReserved) return this.acceptAfterReserving(key, seq);
      if (isRunningLow(key, seq)) this.reserveAhead(key, seq);
    }
    return key.window.testAndSet(seq);
  }

  countSeal(key: SessionKey): boolean {
    if (key.seals >= maxSeals) return false;
    key.seals += 1;
    // A stream of events seals without asking for numbers.
    if (key.session.userId !== null && isShortOfSeals(key)) this.reserveAhead(key, key.window.highest);
    return true;
  }

  nextSeq(key: SessionKey): number {
    return Math.min(key.window.highest + 1, Number.MAX_SAFE_INTEGER);
  }

  /** Makes sure that all numbers accepted so far are covered by what the store knows. */
  async cover(key: SessionKey): Promise<void> {
    while (key.window.highest > key.windowReserved) await this.reserveUpTo(key, key.window.highest);
  }

  private async acceptAfterReserving(key: SessionKey, seq: number): Promise<boolean> {
    while (seq > key.windowReserved) await this.reserveUpTo(key, seq);
    return key.window.testAndSet(seq);
  }

  private reserveAhead(key: SessionKey, seq: number): void {
    if (this.reserving.has(key)) return;
    this.reserveUpTo(key, seq).catch((error: unknown) => {
      if (!(error instanceof Refusal)) this.logger.warn('reserving sequence numbers failed', { error });
    });
  }

  private reserveUpTo(key: SessionKey, seq: number): Promise<void> {
    let running = this.reserving.get(key);
    if (running === undefined) {
      running = this.write(key, seq).finally(() => this.reserving.delete(key));
      this.reserving.set(key, running);
    }
    return running;
  }

  private async write(key: SessionKey, seq: number): Promise<void> {
    const windowReserved = Math.min(
      Math.max(seq, key.window.highest) + reservationSize,
      Number.MAX_SAFE_INTEGER,
    );
    const sealsReserved = key.seals + 2 * reservationSize;
    if (!(await this.reserve({ keyId: key.id, windowReserved, sealsReserved }))) {
      throw new Refusal('session_unknown');
    }
    key.windowReserved = Math.max(key.windowReserved, windowReserved);
    key.sealsReserved = Math.max(key.sealsReserved, sealsReserved);
  }
}

function isRunningLow(key: SessionKey, seq: number): boolean {
  return (
    (seq > key.windowReserved - reservationSize / 2 && key.windowReserved < Number.MAX_SAFE_INTEGER) ||
    isShortOfSeals(key)
  );
}

function isShortOfSeals(key: SessionKey): boolean {
  return key.seals > key.sealsReserved - reservationSize / 2;
}
