import { runFromShell } from '../admin/shell.ts';
import { ConfigError, loadConfig, readEnvironment } from '../config.ts';

/**
 * `letterlock admin <command…>`: has the running server run a command of its console.
 *
 * @returns the exit code: 0 done, 1 refused or failed, 2 a wrong line
 */
export async function adminCommand(words: readonly string[]): Promise<number> {
  const folder = process.cwd();
  try {
    const { file } = loadConfig(readEnvironment(folder)).admin;
    return await runFromShell({ words, file, folder }, process);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`letterlock: ${error.message}\n`);
    return 1;
  }
}
