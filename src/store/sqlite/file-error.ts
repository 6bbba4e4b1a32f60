import { MaintenanceError } from '../../core/maintenance.ts';

/**
 * What an admin is told where a copy cannot be read or written. What is a sentence already stays as it is.
 *
 * @param file what was to be written
 * @param source what was to be read
 */
export function copyingError(error: unknown, file: string, source: string): MaintenanceError {
  if (error instanceof MaintenanceError) return error;
  return new MaintenanceError(copyingSentence(error, file, source), error);
}

function copyingSentence(error: unknown, file: string, source: string): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = error instanceof Error ? error.message : String(error);
  if (code === 'EEXIST') return `There is a file ${file} already: choose another name. It was left as it is.`;
  if (code === 'ENOENT' || code === 'ENOTDIR') return `The folder for ${file} is not there: make it first.`;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return `The file ${file} cannot be written: check who may write to its folder.`;
  }
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'SQLITE_FULL') {
    return `There is no space left for ${file}.`;
  }
  if (code === 'ENAMETOOLONG') return `The name of ${file} is too long.`;
  if (code.startsWith('SQLITE_CORRUPT')) {
    return `${source} is damaged, so that no whole copy of it can be made: \`letterlock verify\` says more.`;
  }
  return `The file ${file} could not be written: ${reason}.`;
}
