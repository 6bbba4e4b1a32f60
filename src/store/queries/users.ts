import { eq, sql } from 'drizzle-orm';
import type { UserWrites } from '../../core/store.ts';
import type { Database } from '../sqlite/database.ts';
import { users } from '../sqlite/schema.ts';
import { reportingConflicts } from './conflicts.ts';
import { firstOrNull } from './rows.ts';

export function userQueries(database: Database): UserWrites {
  const byId = database
    .select()
    .from(users)
    .where(eq(users.id, sql.placeholder('id')))
    .prepare();
  const byUsernameKey = database
    .select()
    .from(users)
    .where(eq(users.usernameKey, sql.placeholder('usernameKey')))
    .prepare();
  const byEmailKey = database
    .select()
    .from(users)
    .where(eq(users.emailKey, sql.placeholder('emailKey')))
    .prepare();
  return {
    byId: async (id) => firstOrNull(await byId.execute({ id })),
    byUsernameKey: async (usernameKey) => firstOrNull(await byUsernameKey.execute({ usernameKey })),
    byEmailKey: async (emailKey) => firstOrNull(await byEmailKey.execute({ emailKey })),
    insert: async (row) => {
      await reportingConflicts(async () => database.insert(users).values(row));
    },
    update: async (id, changes) => {
      await reportingConflicts(async () => database.update(users).set(changes).where(eq(users.id, id)));
    },
  };
}
