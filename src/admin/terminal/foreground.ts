import { readFileSync } from 'node:fs';

/**
 * Whether the process is the one that its terminal listens to. Started with `&` it is not, and reading from the
 * terminal would stop it. Where the system does not say (no `/proc`), it is taken to be.
 */
export function isInForeground(): boolean {
  try {
    // The name in the second field may hold spaces and parentheses.
    const fields = readFileSync('/proc/self/stat', 'latin1').replace(/^.*\)/s, '').trim().split(' ');
    const [, , processGroup, , , foregroundGroup] = fields;
    return processGroup === foregroundGroup;
  } catch {
    return true;
  }
}
