/**
 * How a quantity is spread: how many of its values came to at most each bound. Adding one costs a short walk and no
 * allocation, so that it can be done wherever something is measured.
 */
export class Distribution {
  /** Ascending. */
  readonly bounds: readonly number[];
  /** How many values lie between the bound before and each bound; one more for those above the last. */
  readonly counts: number[];
  /** Of all values together. */
  sum = 0;

  /** @param bounds ascending, in the unit of the values */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  /** Adds one value. */
  add(value: number): void {
    const { bounds, counts } = this;
    let at = 0;
    while (value > (bounds[at] ?? Infinity)) at++;
    counts[at] = (counts[at] ?? 0) + 1;
    this.sum += value;
  }

  /** How many values there were. */
  get total(): number {
    return this.counts.reduce((all, some) => all + some, 0);
  }
}
