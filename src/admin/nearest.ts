/** Longer words are no slip of the finger, and comparing them costs the product of the lengths. */
const longest = 40;

/** Of the candidates, the one with the fewest letters wrong, as long as fewer than half of them are. */
export function nearest(
  text: string,
  candidates: readonly string[],
): { candidate: string; distance: number } | null {
  if (text === '' || text.length > longest) return null;
  let best: { candidate: string; distance: number } | null = null;
  for (const candidate of candidates) {
    const distance = editDistance(text, candidate);
    if (distance > candidate.length / 2) continue;
    if (best === null || distance < best.distance) best = { candidate, distance };
  }
  return best;
}

/** How many letters have to be changed, put in, taken out, or swapped with their neighbour. */
export function editDistance(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const isSame = one.charAt(i - 1) === other.charAt(j - 1);
      const isSwapped =
        i > 1 &&
        j > 1 &&
        one.charAt(i - 1) === other.charAt(j - 2) &&
        one.charAt(i - 2) === other.charAt(j - 1);
      row.push(
        Math.min(
          (last[j - 1] ?? 0) + (isSame ? 0 : 1),
          (last[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          isSwapped ? (beforeLast[j - 2] ?? 0) + 1 : Infinity,
        ),
      );
    }
    beforeLast = last;
    last = row;
  }
  return last[other.length] ?? 0;
}
