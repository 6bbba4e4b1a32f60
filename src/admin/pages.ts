import { setImmediate } from 'node:timers/promises';

/**
 * Everything of a list that is read page by page, up to a number of rows. Between two pages others have their turn:
 * reading a page does not wait for anything by itself.
 */
export async function pagesOf<Row, Place>(
  readPage: (after: Place) => Promise<Row[]>,
  options: { start: Place; next: (row: Row) => Place; pageSize: number; most: number },
): Promise<{ rows: Row[]; hasMore: boolean }> {
  const rows: Row[] = [];
  let after = options.start;
  for (;;) {
    const page = await readPage(after);
    rows.push(...page);
    const last = page.at(-1);
    if (rows.length > options.most) return { rows: rows.slice(0, options.most), hasMore: true };
    if (last === undefined || page.length < options.pageSize) return { rows, hasMore: false };
    after = options.next(last);
    await setImmediate();
  }
}
