import { type Column, type SQL, sql } from 'drizzle-orm';

/**
 * Goes through any number of rows in the order of a key, and holds no more than a page of them.
 *
 * @param next reads as many as `limit` of the rows that come after `last`, or the first ones where that is null
 * @param pageRows how many are read at once. Default 256
 */
export async function* inPages<Row>(
  next: (last: Row | null, limit: number) => PromiseLike<readonly Row[]>,
  pageRows = 256,
): AsyncGenerator<Row, void, undefined> {
  let last: Row | null = null;
  for (;;) {
    const page: readonly Row[] = await next(last, pageRows);
    yield* page;
    if (page.length < pageRows) return;
    last = page.at(-1) ?? null;
  }
}

/** A condition: the row comes after the one with these values, in the order of the columns. */
export function comesAfter(columns: readonly Column[], values: readonly unknown[]): SQL {
  const bound = columns.map((column, at) => sql`${sql.param(values[at], column)}`);
  return sql`(${sql.join([...columns], sql`, `)}) > (${sql.join(bound, sql`, `)})`;
}
