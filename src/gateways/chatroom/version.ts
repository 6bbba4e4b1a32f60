/** `0.2.0`, also as `V0.2.0` or `0.2.0-beta`. */
const numbers = /^\s*v?(\d{1,6}(?:\.\d{1,6}){0,3})(?![\d.])/i;

/** Whether a client is older than the minimum. What is no version is not. */
export function isOutdated(version: string, minimum: string): boolean {
  const found = numbers.exec(version)?.[1];
  if (found === undefined) return false;
  const has = found.split('.').map(Number);
  const needs = minimum.split('.').map(Number);
  for (let at = 0; at < Math.max(has.length, needs.length); at++) {
    const difference = (has[at] ?? 0) - (needs[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
