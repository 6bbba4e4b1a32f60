import type { AtRestKeys } from '../../crypto/at-rest.ts';
import type { Clock, Timers } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { readEmailAddress } from '../names/email-address.ts';
import type { MailReads, MailRow } from '../store.ts';
import { type MailContent, readMailContent } from './mail-content.ts';
import type { MailAnswer, MailMessage, MailTransport } from './mail-transport.ts';

/** Says that a mail was queued. */
export type WakeMail = () => void;

/** Mails under way at once, so that a slow one does not hold up all others. */
const parallel = 4;
const firstPause = 15 * 1000;
const longestPause = 60 * 60 * 1000;
const givenUpAfter = 24 * 60 * 60 * 1000;
/** Longer than any attempt takes: then the one who has taken a mail has died over it. */
export const mailLeaseMilliseconds = 3 * 60 * 1000;
/** Where several nodes send, each looks this often for what another one has left behind. */
const lookMilliseconds = 30 * 1000;

export interface MailDeliveryDependencies {
  readonly mails: MailReads;
  readonly settle: (mail: { id: string; at: number }) => Promise<void>;
  readonly postpone: (mail: { id: string; attempts: number; nextAttemptAt: number }) => Promise<void>;
  /**
   * Takes a mail before it is sent, where several nodes do; false when another one has it. Not given on a single node,
   * which has them all.
   */
  readonly lease?: (mail: { id: string; now: number; until: number }) => Promise<boolean>;
  readonly transport: MailTransport;
  readonly render: (content: MailContent & { to: string }) => Pick<MailMessage, 'subject' | 'text' | 'html'>;
  readonly keys: Pick<AtRestKeys, 'open'>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** 0 up to 1, to spread retries. */
  readonly random: () => number;
  readonly logger: Logger;
}

/**
 * Sends queued mails. A mail is a row until it is accepted: it outlives restarts, is tried again with growing pauses,
 * and is given up after a day. A crash between acceptance and the note of it sends a mail twice rather than never.
 */
export class MailDelivery {
  /** What has come of mails since the start. Those that are not sent on purpose are in none of these. */
  readonly counts = { accepted: 0, postponed: 0, givenUp: 0 };
  private readonly dependencies: MailDeliveryDependencies;
  private running: Promise<void> | null = null;
  private wanted = false;
  private stopped = false;
  private cancelTimer = (): void => {};

  constructor(dependencies: MailDeliveryDependencies) {
    this.dependencies = dependencies;
  }

  /** Takes up what is queued. */
  start(): void {
    this.wake();
  }

  /** Looks for mails that are due. Returns at once. */
  wake(): void {
    this.wanted = true;
    if (this.running !== null || this.stopped) return;
    this.running = this.work().finally(() => {
      this.running = null;
      if (this.wanted) this.wake();
    });
  }

  /** Begins no more; resolves when what is under way has been answered. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.wanted = false;
    this.cancelTimer();
    await this.running;
    await this.dependencies.transport.close();
  }

  private async work(): Promise<void> {
    const { mails, clock, timers, logger } = this.dependencies;
    this.wanted = false;
    this.cancelTimer();
    try {
      let due = await mails.due(clock.now(), parallel);
      while (due.length > 0 && !this.stopped) {
        await Promise.all(due.map((row) => this.deliver(row)));
        due = await mails.due(clock.now(), parallel);
      }
      const next = await mails.nextAttemptAt();
      const pause = Math.min(
        next === null ? Infinity : Math.max(0, next - clock.now()),
        this.dependencies.lease === undefined ? Infinity : lookMilliseconds,
      );
      if (pause < Infinity && !this.stopped) this.cancelTimer = timers.setTimeout(() => this.wake(), pause);
    } catch (error) {
      logger.error('looking for mails failed', { error });
      if (!this.stopped) this.cancelTimer = timers.setTimeout(() => this.wake(), firstPause);
    }
  }

  private async deliver(row: MailRow): Promise<void> {
    const { settle, lease, clock, keys, render, transport, logger } = this.dependencies;
    const now = clock.now();
    if (lease !== undefined && !(await lease({ id: row.id, now, until: now + mailLeaseMilliseconds })))
      return;
    const content = readMailContent(keys, row);
    const { to } = content;
    if (to === null) return settle({ id: row.id, at: clock.now() });
    // Checked when it was stored; looked at again because here a second address would be a second recipient.
    if (!readEmailAddress(to).ok) {
      return this.tryAgain(row, { accepted: false, permanent: true, reason: 'the address is not plain' });
    }
    const message = { id: row.id, to, date: row.createdAt, ...render({ ...content, to }) };
    const answer = await transport.send(message);
    if (answer.accepted) {
      this.counts.accepted += 1;
      logger.info('mail accepted', { kind: row.kind, mail: row.id, attempts: row.attempts + 1 });
      return settle({ id: row.id, at: clock.now() });
    }
    return this.tryAgain(row, answer);
  }

  private async tryAgain(row: MailRow, answer: MailAnswer & { accepted: false }): Promise<void> {
    const { settle, postpone, clock, random, logger } = this.dependencies;
    const now = clock.now();
    const facts = { kind: row.kind, mail: row.id, attempts: row.attempts + 1, reason: answer.reason };
    if (answer.permanent || now - row.createdAt >= givenUpAfter) {
      this.counts.givenUp += 1;
      logger.error('mail given up', facts);
      return settle({ id: row.id, at: now });
    }
    const pause = Math.min(longestPause, firstPause * 2 ** row.attempts) * (0.75 + random() / 2);
    this.counts.postponed += 1;
    logger.warn('mail not accepted, will be tried again', { ...facts, seconds: Math.round(pause / 1000) });
    return postpone({ id: row.id, attempts: row.attempts + 1, nextAttemptAt: Math.round(now + pause) });
  }
}
