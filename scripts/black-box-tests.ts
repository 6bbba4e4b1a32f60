import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Where tests are that know a server only from outside. */
const folders = new Set(['client', 'e2e', 'examples', 'gateways', 'http']);
/** Starts a server, of however many nodes. */
const serverSupport = path.join('support', 'test-server.js');
/** Those who start nodes or processes themselves say how many there are. */
const ownNodes = new Set(['nodes.js', 'server-process.js'].map((file) => path.join('support', file)));

/**
 * Of the compiled tests, those that use a server as clients do and do not say of how many nodes it is.
 *
 * @param root the folder that `files` are in
 */
export function blackBoxTests(root: string, files: readonly string[]): string[] {
  return files.filter((file) => {
    const [folder = ''] = path.relative(root, file).split(path.sep);
    if (!folders.has(folder)) return false;
    const needed = [...withImports(root, file)].map((each) => path.relative(root, each));
    return needed.includes(serverSupport) && !needed.some((each) => ownNodes.has(each));
  });
}

/** A compiled file and all that it imports from below the root. */
function withImports(root: string, file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, imported = ''] of readFileSync(file, 'utf8').matchAll(/ from '(\.[^']+)'/g)) {
    const target = path.join(path.dirname(file), imported);
    if (!path.relative(root, target).startsWith('..')) withImports(root, target, seen);
  }
  return seen;
}
