import type { Role, UserRow } from '../store.ts';

/** A user as the user sees themselves. Times are milliseconds since 1970. */
export interface Account {
  readonly id: string;
  readonly username: string;
  /** Null where the way in asked for none. */
  readonly email: string | null;
  readonly createdAt: number;
  readonly role: Role;
}

/** The account of a row that is not deleted. */
export function accountOf(row: UserRow): Account {
  if (row.username === null) throw new Error('a deleted account has no view');
  return { id: row.id, username: row.username, email: row.email, createdAt: row.createdAt, role: row.role };
}
