import { UniqueConflict } from '../../core/store.ts';

/** Turns the database's word for a value that is there already into the store's. */
export async function reportingConflicts<Result>(write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    const field = conflictOf(error);
    throw field === null ? error : new UniqueConflict(field, error);
  }
}

/** drizzle wraps what the driver threw. */
function conflictOf(error: unknown): UniqueConflict['field'] | null {
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    const code = 'code' in each ? String(each.code) : '';
    if (!code.startsWith('SQLITE_CONSTRAINT_UNIQUE') && !code.startsWith('SQLITE_CONSTRAINT_PRIMARYKEY'))
      continue;
    if (each.message.includes('username_key')) return 'username';
    return each.message.includes('email_key') ? 'email' : 'other';
  }
  return null;
}
