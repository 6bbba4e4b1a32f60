import { nodeCount } from './node-count.ts';
import { type TestDatabase, newDatabase } from './postgres.ts';

/** The databases of servers under test, by the folder of the server. */
const databases = new Map<string, Promise<TestDatabase>>();

let inFiles = process.env['TEST_SERVER_DATABASE'] !== 'postgres' && nodeCount === 1;

/** For tests that are about the database's files. */
export function keepDataInFiles(): void {
  inFiles = true;
}

/** False, or why a test is skipped that is about the database's files. */
export const skipWithoutFiles: string | false = inFiles ? false : 'the database has no files here';

/**
 * Where a server under test keeps its data: nothing of note where that is a file in its folder, as it is unless
 * `TEST_SERVER_DATABASE=postgres` or there are several nodes; then a PostgreSQL database of its own, the same for as long
 * as the folder is.
 */
export async function serverDatabase(folder: string): Promise<{ DATABASE_URL?: string }> {
  if (inFiles) return {};
  let made = databases.get(folder);
  if (made === undefined) {
    made = newDatabase();
    databases.set(folder, made);
  }
  const url = new URL((await made).url);
  if (nodeCount > 1) {
    // Several servers of several nodes, tests side by side: a database server has only so many connections.
    url.searchParams.set('pool', '2');
    url.searchParams.set('connect_timeout', '20');
  }
  return { DATABASE_URL: url.href };
}

// When nothing else is left to do in the test's process: folders are removed by who does not wait for that.
process.on('beforeExit', () => {
  const all = [...databases.values()];
  databases.clear();
  for (const database of all) void database.then((each) => each.drop());
});
