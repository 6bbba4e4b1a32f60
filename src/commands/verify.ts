import path from 'node:path';
import { packageFolder } from '../package-folder.ts';
import { type Config, loadConfig, readEnvironment } from '../config.ts';
import { type AtRestKeys, createAtRestKeys } from '../crypto/at-rest.ts';
import { postgresOptions } from '../open-state.ts';
import { KeyFolderError, readMasterKey } from '../store/key-folder.ts';
import type { InspectionReport } from '../store/inspection/inspection.ts';
import { verifyDatabase } from '../store/sqlite/verify.ts';
import { databaseFile } from './database-file.ts';
import type { Command } from './outcome.ts';
import { countsInWords, numberOf } from './words.ts';

/** `letterlock verify`: checks the database of the configuration, whether a server runs on it or not. */
export const verifyCommand: Command = {
  usage: 'letterlock verify [--json]',
  words: 0,
  run: async (_, onProgress) => {
    const config = loadConfig(readEnvironment(process.cwd()));
    const { masterKey, keyProblems } = lookForKey(config.folders.keys);
    const { place, report } = await verify(config, {
      keys: masterKey === null ? null : createAtRestKeys(masterKey),
      onProgress,
    });
    const problems = [...keyProblems, ...report.problems];
    const problemCount = keyProblems.length + report.problemCount;
    const found = `${place}: ${countsInWords(report.counts)}.`;
    const more = problemCount - problems.length;
    const text =
      problemCount === 0
        ? [found, 'Everything is whole.']
        : [
            found,
            `${numberOf(problemCount, 'problem')}:`,
            ...problems.map((problem) => `  ${problem}`),
            ...(more > 0 ? [`  … and ${more} more`] : []),
          ];
    return {
      ok: problemCount === 0,
      text: text.join('\n'),
      members: { database: place, counts: report.counts, problems, problemCount },
    };
  },
};

/** Checks the database, wherever it is. */
async function verify(
  config: Config,
  options: { keys: AtRestKeys | null; onProgress: (sentence: string) => void },
): Promise<{ place: string; report: InspectionReport }> {
  const migrationsFolder = path.join(packageFolder(), 'drizzle');
  const postgres = postgresOptions(config);
  if (postgres === null) {
    const place = databaseFile(config, 'it is verified there.');
    return { place, report: await verifyDatabase({ ...options, file: place, migrationsFolder }) };
  }
  const { verifyPostgres } = await import('../store/postgres/verify.ts');
  const folder = path.join(migrationsFolder, 'postgres');
  return {
    place: postgres.place,
    report: await verifyPostgres({ ...options, postgres, migrationsFolder: folder }),
  };
}

function lookForKey(folder: string): { masterKey: Buffer | null; keyProblems: string[] } {
  const unopened = 'Nothing sealed was opened.';
  try {
    const masterKey = readMasterKey(folder);
    const missing = `There is no master.key in ${folder}. ${unopened}`;
    return { masterKey, keyProblems: masterKey === null ? [missing] : [] };
  } catch (error) {
    if (!(error instanceof KeyFolderError)) throw error;
    return { masterKey: null, keyProblems: [`${error.message} ${unopened}`] };
  }
}
