/** What the promise comes to, or the signal's reason where that is first. The work itself goes on. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  let leave = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    leave = () => reject(signal.reason as Error);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

/** Waits; rejects with the signal's reason where that is first. */
export async function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const pause = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  try {
    await abortable(pause, signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Does work under a signal of its own, which follows the one given and says stop after a time. */
export async function withTimeout<T>(
  milliseconds: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  // AbortSignal.any would do, but keeps something for every request as long as the caller's signal lives.
  const controller = new AbortController();
  const follow = (): void => controller.abort(signal?.reason);
  const timer = setTimeout(() => controller.abort(new Error('it took too long')), milliseconds);
  signal?.addEventListener('abort', follow);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', follow);
  }
}

/** One piece of work for everybody who asks for it while it runs; told to stop when nobody waits any more. */
export class SharedWork<T> {
  private run: { readonly promise: Promise<T>; readonly stop: AbortController; waiting: number } | null =
    null;

  /** Waits for the work that runs, or for that which is started here. */
  async join(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    const run = (this.run ??= this.start(work));
    run.waiting += 1;
    try {
      return await abortable(run.promise, signal);
    } finally {
      run.waiting -= 1;
      if (run.waiting === 0) {
        if (this.run === run) this.run = null;
        run.stop.abort();
      }
    }
  }

  private start(work: (signal: AbortSignal) => Promise<T>): NonNullable<SharedWork<T>['run']> {
    const stop = new AbortController();
    const promise = work(stop.signal).finally(() => {
      if (this.run === run) this.run = null;
    });
    const run = { promise, stop, waiting: 0 };
    return run;
  }
}

/** Lets one piece of work run after the other. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  /** Does the work when all that was asked for before is over. */
  async take<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(() => {
      signal?.throwIfAborted();
      return work();
    });
    this.last = turn.catch(() => {});
    return abortable(turn, signal);
  }

  /** Waits until all that was asked for so far is over. */
  async settled(signal: AbortSignal | undefined): Promise<void> {
    await abortable(this.last, signal);
  }
}
