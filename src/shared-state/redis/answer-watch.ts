import type { Timers } from '../../core/clock.ts';

const tickMilliseconds = 250;
/** An answer that is awaited at this many ticks is late: after 1 to 1.25 s. */
const ticksAllowed = 5;

/**
 * Notices when an answer is late, with one timer for a whole connection: answers come in the order of the questions,
 * so counting both is enough. A process that was held up itself sees its answers before the next tick, and blames
 * nobody.
 */
export class AnswerWatch {
  private readonly timers: Timers;
  private readonly onLate: () => void;
  private questions = 0;
  private answers = 0;
  /** How many questions had been asked at each of the last ticks, the oldest first. */
  private askedAt: number[] = [];
  private cancel: (() => void) | null = null;

  constructor(timers: Timers, onLate: () => void) {
    this.timers = timers;
    this.onLate = onLate;
  }

  asked(): void {
    this.questions += 1;
    if (this.cancel === null) this.schedule();
  }

  answered(): void {
    this.answers += 1;
  }

  stop(): void {
    this.cancel?.();
    this.cancel = null;
  }

  private schedule(): void {
    this.cancel = this.timers.setTimeout(() => this.tick(), tickMilliseconds);
  }

  private tick(): void {
    this.cancel = null;
    if (this.answers === this.questions) {
      this.askedAt = [];
      return;
    }
    this.askedAt.push(this.questions);
    if (this.askedAt.length >= ticksAllowed && this.answers < (this.askedAt.shift() ?? 0)) this.onLate();
    else this.schedule();
  }
}
