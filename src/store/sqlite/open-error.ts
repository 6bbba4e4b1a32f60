import { StoreOpenError } from '../open-error.ts';

/** What an admin is told of an error at opening. */
export function openingSentence(error: unknown, path: string): string {
  if (error instanceof StoreOpenError) return error.message;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = error instanceof Error ? error.message : String(error);
  if (code === 'SQLITE_NOTADB')
    return `The file ${path} is no SQLite database: DATABASE_URL points to something else.`;
  if (code.startsWith('SQLITE_CORRUPT')) return `The database ${path} is damaged: restore it from a backup.`;
  if (code === 'EACCES' || code === 'EROFS' || code.startsWith('SQLITE_READONLY')) {
    return `The database ${path} cannot be written: check who owns the file and its folder.`;
  }
  if (code === 'ENOSPC' || code === 'SQLITE_FULL') return `There is no space left for the database ${path}.`;
  if (code.startsWith('SQLITE_BUSY'))
    return `The database ${path} is in use by another program: stop it first.`;
  if (code.startsWith('SQLITE_CANTOPEN') || code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') {
    return `The database ${path} cannot be opened: is its folder there, and writable?`;
  }
  return `The database ${path} cannot be opened: ${reason}.`;
}
