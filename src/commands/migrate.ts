import path from 'node:path';
import { type Config, type Environment, loadConfig, readEnvironment } from '../config.ts';
import { readDatabase } from '../config-database.ts';
import { createAtRestKeys } from '../crypto/at-rest.ts';
import { postgresOptions } from '../open-state.ts';
import { packageFolder } from '../package-folder.ts';
import { KeyFolderError, readMasterKey } from '../store/key-folder.ts';
import { type Command, WrongUsage } from './outcome.ts';
import { countsInWords, numberOf } from './words.ts';

const usage =
  'letterlock migrate --from sqlite:<file> --to postgres://<user>:<password>@<host>/<database> [--json]';

/** `letterlock migrate`: brings everything in a database on SQLite into an empty one on PostgreSQL. */
export const migrateCommand: Command = {
  usage,
  words: 0,
  options: ['from', 'to'],
  run: async (_, onProgress, { from, to }) => {
    const environment = readEnvironment(process.cwd());
    const source = configFor(environment, 'from', from, 'sqlite');
    const target = configFor(environment, 'to', to, 'postgres');
    const file = source.database.kind === 'sqlite' ? source.database.file : '';
    const reached = postgresOptions(target);
    if (reached === null) throw new WrongUsage(`usage: ${usage}`);
    const postgres = { ...reached, named: '--to' };
    const { migrateToPostgres } = await import('../store/migrate/migrate.ts');
    const { counts, rows } = await migrateToPostgres({
      file,
      postgres,
      folders: foldersOfMigrations(),
      keys: createAtRestKeys(masterKeyIn(source.folders.keys)),
      onProgress,
    });
    const all = Object.values(rows).reduce((sum, each) => sum + each, 0);
    const text = [
      `Migrated ${file} to ${postgres.place}: ${countsInWords(counts)}; ${numberOf(all, 'row')} in all, compared on both sides.`,
      'Set DATABASE_URL to it and start the server. Start none on the old file again: put it away with your backups.',
    ];
    return { ok: true, text: text.join('\n'), members: { from: file, to: postgres.place, counts, rows } };
  },
};

/** The configuration as it would be with the database of an option. @throws WrongUsage */
function configFor(
  environment: Environment,
  option: string,
  text: string | undefined,
  kind: Config['database']['kind'],
): Config {
  if (text === undefined) throw new WrongUsage(`usage: ${usage}`);
  const read = readDatabase(text);
  if (typeof read === 'string') throw new WrongUsage(`--${option} ${read}; usage: ${usage}`);
  if (read.database.kind !== kind) throw new WrongUsage(`--${option} is no ${kind}: URL; usage: ${usage}`);
  return loadConfig({ ...environment, DATABASE_URL: text });
}

/** @throws KeyFolderError where there is none */
function masterKeyIn(folder: string): Buffer {
  const masterKey = readMasterKey(folder);
  if (masterKey !== null) return masterKey;
  throw new KeyFolderError(`There is no master.key in ${folder}: what is sealed could not be checked.`);
}

function foldersOfMigrations(): { sqlite: string; postgres: string } {
  const sqlite = path.join(packageFolder(), 'drizzle');
  return { sqlite, postgres: path.join(sqlite, 'postgres') };
}
