/** The only row there can be, or null. */
export function firstOrNull<Row>(rows: readonly Row[]): Row | null {
  return rows[0] ?? null;
}
