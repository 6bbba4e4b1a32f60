import type { Clock, Timers } from './core/clock.ts';

/** The machine's clock. */
export const systemClock: Clock = { now: () => Date.now() };

/** Node's timers; none of them keeps the process alive. */
export const systemTimers: Timers = {
  setTimeout: (callback, milliseconds) => {
    const timer = setTimeout(callback, milliseconds);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
