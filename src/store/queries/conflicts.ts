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
    const what = conflictIn(each);
    if (what === null) continue;
    if (/\b(users_)?(username_key|directory_uid)\b/.test(what)) return 'username';
    if (/\b(users_)?email_key\b/.test(what)) return 'email';
    return /\brooms[._](name|pair)_key\b/.test(what) ? 'room' : 'other';
  }
  return null;
}

/** Which columns (SQLite) or constraint (PostgreSQL) the error is about; null when it is about something else. */
function conflictIn(error: Error): string | null {
  const code = 'code' in error ? String(error.code) : '';
  if (code === '23505') return 'constraint' in error ? String(error.constraint) : '';
  const isSqlite =
    code.startsWith('SQLITE_CONSTRAINT_UNIQUE') || code.startsWith('SQLITE_CONSTRAINT_PRIMARYKEY');
  return isSqlite ? error.message : null;
}
