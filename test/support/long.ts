/** Whether everything is tried that a gate has time for: `LONG_TESTS=on`. */
export const isLong = process.env['LONG_TESTS'] === 'on';

/** How often something is tried: as often as belongs into every run, or, with `LONG_TESTS=on`, as a gate has time for. */
export function rounds(usually: number, long: number): number {
  return isLong ? long : usually;
}
