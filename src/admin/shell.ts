import { createInterface } from 'node:readline/promises';
import type { ReadStream, WriteStream } from 'node:tty';
import { harmless, harmlessJson } from './harmless.ts';
import { takeOptions } from './options.ts';
import { render } from './render.ts';
import { type Block, type Outcome, exitCodes, failed, sentence, wrong } from './report.ts';
import { askServer } from './socket/client.ts';
import { AdminSocketError } from './socket/place.ts';
import { wordOf } from './words.ts';

/** What a command from a shell reads and writes. */
export interface ShellStreams {
  readonly stdin: Pick<ReadStream, 'isTTY'> & NodeJS.ReadableStream;
  readonly stdout: Pick<WriteStream, 'isTTY' | 'hasColors'> & NodeJS.WritableStream;
  readonly stderr: Pick<WriteStream, 'isTTY' | 'hasColors'> & NodeJS.WritableStream;
}

/**
 * Has the running server run one command of the console, and shows what came of it: text for people, or one JSON
 * document on stdout with `--json`. Asks where the command asks and somebody is there to answer.
 *
 * @param parameters.file the server's socket; null where it is switched off
 * @returns the exit code: 0 done, 1 refused or failed, 2 a wrong line
 */
export async function runFromShell(
  parameters: { readonly words: readonly string[]; readonly file: string | null; readonly folder: string },
  streams: ShellStreams,
): Promise<number> {
  const { options, words } = takeOptions(parameters.words.map(wordOf));
  const ask = (yes: boolean): Promise<Outcome> =>
    outcomeOf({ ...parameters, words: words.map(({ text }) => text) }, yes);
  let outcome = await ask(options.yes);
  if (outcome.result === 'question') {
    const canAsk = streams.stdin.isTTY && streams.stderr.isTTY && !options.json;
    if (!canAsk) {
      outcome = {
        ...outcome,
        blocks: [...outcome.blocks, sentence('Nothing was done: say --yes to go on.')],
      };
    } else if (await agrees(outcome.blocks, streams)) {
      outcome = await ask(true);
    } else {
      outcome = failed('not_confirmed', 'Nothing was done.');
    }
  }
  const stream = outcome.result === 'done' ? streams.stdout : streams.stderr;
  if (options.json) streams.stdout.write(`${harmlessJson(outcome.data)}\n`);
  else stream.write(shown(outcome.blocks, stream));
  return exitCodes[outcome.result];
}

async function outcomeOf(
  { words, file, folder }: { words: readonly string[]; file: string | null; folder: string },
  yes: boolean,
): Promise<Outcome> {
  if (words.length === 0) return wrong('Which command?', 'letterlock admin help');
  if (file === null) return failed('no_server', 'LISTEN_ADMIN is off: the server takes no commands.');
  try {
    return await askServer(file, { words, yes, folder });
  } catch (error) {
    if (error instanceof AdminSocketError) return failed('no_server', error.message);
    throw error;
  }
}

async function agrees(blocks: readonly Block[], { stdin, stderr }: ShellStreams): Promise<boolean> {
  stderr.write(shown(blocks, stderr));
  const lines = createInterface({ input: stdin, output: stderr });
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  const answer = await Promise.race([lines.question('Go on? [y/N] '), closed]);
  lines.close();
  return /^y(es)?$/i.test(harmless(answer).trim());
}

function shown(blocks: readonly Block[], stream: Pick<WriteStream, 'isTTY' | 'hasColors'>): string {
  return render(blocks, { colours: stream.isTTY && stream.hasColors() });
}
