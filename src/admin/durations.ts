const second = 1000;
const units: Readonly<Record<string, number>> = {
  s: second,
  m: 60 * second,
  h: 3600 * second,
  d: 24 * 3600 * second,
  y: 365 * 24 * 3600 * second,
};

/** No time that is meant is longer. */
const longest = 100 * 365 * 24 * 3600 * second;

/** Reads `30s 10m 2h 7d 1y`: milliseconds, above 0; null for what is none of these. */
export function readDuration(text: string): number | null {
  const match = /^(\d{1,9})([smhdy])$/.exec(text);
  const milliseconds = Number(match?.[1]) * (units[match?.[2] ?? ''] ?? Number.NaN);
  return milliseconds > 0 && milliseconds <= longest ? milliseconds : null;
}
