import assert from 'node:assert/strict';

const attempts = 5;

/**
 * Holds that work grows no faster than its input: eight times as much may take up to thirty times as long, where work
 * with the square of it would take sixty-four. A ratio within one run, the best of several: no clock's own time counts,
 * and a machine that was busy just then is asked again.
 *
 * @param work does it for an input of the size
 */
export async function assertGrowsLinearly(
  size: number,
  work: (size: number) => unknown,
  what: string,
): Promise<void> {
  const best = async (of: number, rounds: number): Promise<number> => {
    let least = Infinity;
    for (let round = 0; round < rounds; round++) {
      const started = performance.now();
      await work(of);
      least = Math.min(least, performance.now() - started);
    }
    return least;
  };
  await best(size, 2);
  let measured = '';
  let large = Infinity;
  for (let attempt = 0; attempt < attempts; attempt++) {
    // Below that a clock tells nothing.
    const small = Math.max(0.02, await best(size / 8, 7));
    large = Math.min(large, await best(size, 5));
    if (large < 30 * small) return;
    measured = `${large} ms against ${small} ms for an eighth of it`;
  }
  assert.fail(`${what}: ${measured}`);
}
