import { eq, sql } from 'drizzle-orm';
import type { Dialect } from '../queries/dialect.ts';
import { firstOrNull } from '../queries/rows.ts';

/** Who somebody is, for a sentence. */
export interface Person {
  readonly username: string | null;
  readonly deletedAt: number | null;
}

export function personQuery({ database, prepared, tables }: Dialect): (id: string) => Promise<Person | null> {
  const { id, username, deletedAt } = tables.users;
  const byId = prepared(
    database
      .select({ username, deletedAt })
      .from(tables.users)
      .where(eq(id, sql.placeholder('id'))),
  );
  return async (userId) => firstOrNull(await byId.execute({ id: userId }));
}
