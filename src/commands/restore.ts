import { existsSync } from 'node:fs';
import path from 'node:path';
import { packageFolder } from '../package-folder.ts';
import { loadConfig, readEnvironment } from '../config.ts';
import { createAtRestKeys } from '../crypto/at-rest.ts';
import { KeyFolderError, readMasterKey } from '../store/key-folder.ts';
import { restoreDatabase } from '../store/sqlite/restore.ts';
import { systemClock } from '../system-clock.ts';
import { databaseFile } from './database-file.ts';
import type { Command } from './outcome.ts';
import { countsInWords, numberOf } from './words.ts';

/** `letterlock restore <file>`: makes the database of the configuration out of a backup. */
export const restoreCommand: Command = {
  usage: 'letterlock restore <file> [--json]',
  words: 1,
  run: async ([file = ''], onProgress) => {
    const config = loadConfig(readEnvironment(process.cwd()));
    const masterKey = readMasterKey(config.folders.keys);
    if (masterKey === null) {
      throw new KeyFolderError(
        `There is no master.key in ${config.folders.keys}. Keys are not in a backup: bring the folder keys/ of the server it was made on along, and restore again.`,
      );
    }
    const { database, bytes, counts, ended } = await restoreDatabase({
      source: path.resolve(file),
      target: databaseFile(config, 'restore it with pg_restore.'),
      migrationsFolder: path.join(packageFolder(), 'drizzle'),
      keys: createAtRestKeys(masterKey),
      now: systemClock.now(),
      onProgress,
    });
    const warnings = warningsFor(config.folders.keys);
    const text = [
      `Restored ${database} (${bytes} bytes): ${countsInWords(counts)}.`,
      `Ended: ${numberOf(ended.sessions, 'session')}, ${numberOf(ended.codes, 'code')} that ${ended.codes === 1 ? 'was' : 'were'} mailed, ${numberOf(ended.answers, 'answer')} kept for requests that are repeated.`,
      'Everybody logs in again, with the password of that time.',
      ...warnings,
    ];
    return { ok: true, text: text.join('\n'), members: { database, bytes, counts, ended, warnings } };
  },
};

/** What the server will do without, but others will notice. */
function warningsFor(keys: string): string[] {
  if (existsSync(path.join(keys, 'identity.pem'))) return [];
  return [
    `There is no identity.pem in ${keys}: bring it along too. Otherwise the server makes a new one at its start, and who knows the old one will not trust it.`,
  ];
}
