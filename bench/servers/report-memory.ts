/**
 * Preloaded into a server that is measured (`--expose-gc --import`): answers every message of the parent's with its
 * resident memory once all garbage is collected, without what the heap keeps for objects to come.
 */
process.on('message', () => collect(collections));
process.channel?.unref();

/** Code that is not used any more is let go only by the last of several collections, and would count as shrinking. */
const collections = 10;

function collect(left: number): void {
  globalThis.gc?.();
  // Between two of them, what was closed is let go.
  if (left > 1) return void setImmediate(() => collect(left - 1));
  const { rss, heapTotal, heapUsed } = process.memoryUsage();
  process.send?.(rss - heapTotal + heapUsed);
}
