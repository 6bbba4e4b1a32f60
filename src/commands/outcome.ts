import { parseArgs } from 'node:util';
import { ConfigError } from '../config.ts';
import { MaintenanceError } from '../core/maintenance.ts';
import { KeyFolderError } from '../store/key-folder.ts';
import { StoreOpenError } from '../store/open-error.ts';

/** What a command came to. */
export interface Outcome {
  readonly ok: boolean;
  /** For people. */
  readonly text: string;
  /** For programs, with `--json`; `ok` is added. */
  readonly members: Readonly<Record<string, unknown>>;
}

/** A line that is not understood. */
export class WrongUsage extends Error {}

export interface Command {
  /** `letterlock <name> …`, as it is written. */
  readonly usage: string;
  /** How many words it takes. */
  readonly words: number;
  /** Options that have a value, by name; each may be left out. Default none */
  readonly options?: readonly string[];
  /**
   * @param onProgress shows a sentence to who waits
   * @param options the values of those that were given
   */
  run(
    words: readonly string[],
    onProgress: (sentence: string) => void,
    options: Readonly<Record<string, string | undefined>>,
  ): Promise<Outcome>;
}

/**
 * Runs a command of the command line: the outcome on stdout, progress and what went wrong on stderr, or with `--json`
 * one object on stdout and nothing else.
 *
 * @returns the exit code: 0 done, 1 not done or not whole, 2 wrong usage
 */
export async function runCommand(command: Command, line: readonly string[]): Promise<number> {
  const json = line.includes('--json');
  try {
    const { words, options } = readLine(command, line);
    const { ok, text, members } = await command.run(words, json ? () => {} : showProgress(), options);
    process.stdout.write(json ? `${JSON.stringify({ ok, ...members })}\n` : `${text}\n`);
    return ok ? 0 : 1;
  } catch (error) {
    const sentence = sentenceFor(error);
    if (json) process.stdout.write(`${JSON.stringify({ ok: false, error: sentence })}\n`);
    else process.stderr.write(`letterlock: ${sentence}\n`);
    return error instanceof WrongUsage ? 2 : 1;
  }
}

function readLine(
  { usage, words, options = [] }: Command,
  line: readonly string[],
): { words: string[]; options: Record<string, string | undefined> } {
  try {
    const { positionals, values } = parseArgs({
      args: [...line],
      options: {
        ...Object.fromEntries(options.map((name) => [name, { type: 'string' as const }])),
        json: { type: 'boolean' },
      },
      allowPositionals: true,
    });
    const given = Object.fromEntries(
      Object.entries(values).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
    );
    if (positionals.length === words && !positionals.includes(''))
      return { words: positionals, options: given };
  } catch {
    // Said below.
  }
  throw new WrongUsage(`usage: ${usage}`);
}

/** A line now and then, however often there is something to show. */
function showProgress(): (sentence: string) => void {
  const milliseconds = 1000;
  let shownAt = performance.now();
  return (sentence) => {
    if (performance.now() - shownAt < milliseconds) return;
    shownAt = performance.now();
    process.stderr.write(`${sentence}\n`);
  };
}

function sentenceFor(error: unknown): string {
  const isSaid =
    error instanceof WrongUsage ||
    error instanceof ConfigError ||
    error instanceof KeyFolderError ||
    error instanceof MaintenanceError ||
    error instanceof StoreOpenError;
  if (isSaid) return error.message;
  return `something unexpected stopped it: ${error instanceof Error ? error.message : String(error)}`;
}
