import type { Clock, Timers } from '../../src/core/clock.ts';

/** A clock that stands until it is moved, and the timers that hang on it. */
export class ManualClock implements Clock, Timers {
  private time: number;
  private timers: { at: number; callback: () => void }[] = [];

  constructor(time = Date.now()) {
    this.time = time;
  }

  now(): number {
    return this.time;
  }

  setTimeout(callback: () => void, milliseconds: number): () => void {
    // As the real one, it knows whole milliseconds.
    const timer = { at: this.time + Math.ceil(milliseconds), callback };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((each) => each !== timer);
    };
  }

  /** Moves on, and calls back what falls due, in order. */
  advance(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (;;) {
      const next = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.timers = this.timers.filter((each) => each !== next);
      this.time = Math.max(this.time, next.at);
      next.callback();
    }
    this.time = end;
  }
}
