import { closeSync, constants, fsyncSync, linkSync, lstatSync, openSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

/**
 * Files that appear under their name whole or not at all: written beside it first, on the disk before they get it. All
 * of this waits for the disk: not for the event loop.
 */

/** Makes an empty file for its owner only. @throws the system's error; EEXIST where there is one */
export function makeDraft(draft: string): void {
  closeSync(openSync(draft, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600));
}

/**
 * Puts what was written on the disk and gives it its name.
 *
 * @throws the system's error; EEXIST where there is a file of that name, which is left as it is
 */
export function publishDraft(draft: string, file: string): void {
  sync(draft);
  try {
    // Unlike renaming, linking fails where there is such a file.
    linkSync(draft, file);
  } catch (error) {
    if (!cannotLink(error)) throw error;
    // What is renamed over is the empty file that was made just now.
    makeDraft(file);
    renameSync(draft, file);
  }
  rmSync(draft, { force: true });
  try {
    sync(path.dirname(file));
  } catch (error) {
    // Nobody may rely on a file whose name could be gone after a power cut.
    rmSync(file, { force: true });
    throw error;
  }
}

/** Removes a draft, and what SQLite may have left beside it. */
export function removeDraft(draft: string): void {
  for (const suffix of ['', ...databaseSuffixes]) rmSync(draft + suffix, { force: true });
}

/** What SQLite keeps beside a database. */
export const databaseSuffixes = ['-wal', '-shm', '-journal'] as const;

/** Whether anything has that name, be it a link to nowhere. */
export function isTaken(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

function sync(file: string): void {
  const handle = openSync(file, constants.O_RDONLY);
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Whether the file system, such as that of a memory stick, knows no links. */
function cannotLink(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'EMLINK'].includes(code);
}
