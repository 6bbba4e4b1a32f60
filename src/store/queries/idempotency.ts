import { and, eq, sql } from 'drizzle-orm';
import type { IdempotencyWrites } from '../../core/store.ts';
import type { Dialect } from './dialect.ts';
import { reportingConflicts } from './conflicts.ts';
import { firstOrNull } from './rows.ts';

export function idempotencyQueries(dialect: Dialect): IdempotencyWrites {
  const { database, prepared } = dialect;
  const { idempotency } = dialect.tables;
  const byName = prepared(
    database
      .select()
      .from(idempotency)
      .where(
        and(eq(idempotency.scope, sql.placeholder('scope')), eq(idempotency.idem, sql.placeholder('idem'))),
      ),
  );
  return {
    find: async (scope, idem) => firstOrNull(await byName.execute({ scope, idem })),
    insert: async (row) => {
      await reportingConflicts(async () => database.insert(idempotency).values(row));
    },
    delete: async (scope, idem) => {
      await database.delete(idempotency).where(and(eq(idempotency.scope, scope), eq(idempotency.idem, idem)));
    },
    deleteOfScope: async (scope) => {
      await database.delete(idempotency).where(eq(idempotency.scope, scope));
    },
  };
}
