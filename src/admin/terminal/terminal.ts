import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import { type Interface, createInterface } from 'node:readline/promises';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Completion } from '../completion.ts';
import { harmlessJson } from '../harmless.ts';
import { takeOptions } from '../options.ts';
import { render } from '../render.ts';
import { type Block, type Outcome, sentence, wrong } from '../report.ts';
import type { RunLine } from '../runner.ts';
import { OpenQuote, type Word, splitLine } from '../words.ts';
import { LineReader } from './line-reader.ts';
import type { LogAbovePrompt, Prompt } from './log-above-prompt.ts';

export interface TerminalOptions {
  readonly input: ReadStream;
  readonly output: WriteStream;
  readonly run: RunLine;
  readonly complete: (line: string) => Promise<Completion>;
  /** The log that is shown on the same screen. */
  readonly log: LogAbovePrompt;
  /** The folder that file names are relative to. */
  readonly folder: string;
  /** Ctrl-C where there is nothing to take back. */
  readonly onInterrupt: () => void;
}

/** The console on the server's own terminal. */
export interface Terminal {
  /** Leaves the terminal as it was found. */
  close(): void;
}

const promptText = 'letterlock> ';
const historySize = 500;

/** Reads commands from the terminal, one after the other, with history and Tab, until it is closed. */
export function openTerminal(options: TerminalOptions): Terminal {
  const { input, output, log, complete } = options;
  const lines = createInterface({
    input,
    output,
    terminal: true,
    historySize,
    removeHistoryDuplicates: true,
    completer: async (line) => {
      const { candidates, replaces } = await complete(line);
      return [[...candidates], replaces];
    },
  });
  const reader = new LineReader(lines, {
    onShown: (isShown) => log.around(isShown ? promptOn(lines, output) : null),
    onInterrupt: options.onInterrupt,
  });
  let isTold = false;
  void converse(reader, options).finally(() => {
    if (isTold) return;
    const goodbye = sentence('The console is closed. The server goes on; Ctrl-C stops it.', 'quiet');
    output.write(`\n${render([goodbye], { colours: output.hasColors() })}`);
  });
  return {
    close: () => {
      isTold = true;
      reader.close();
    },
  };
}

async function converse(reader: LineReader, options: TerminalOptions): Promise<void> {
  const { output } = options;
  const show = (blocks: readonly Block[]): void => {
    output.write(render(blocks, { colours: output.hasColors() }));
  };
  show([sentence('Type help for the commands, Tab to complete, Ctrl-C to stop the server.', 'quiet')]);
  for (;;) {
    const line = await reader.next(promptText);
    if (line === null) break;
    const read = readLine(line);
    if ('result' in read) {
      show(read.blocks);
      continue;
    }
    const { options: chosen, words } = takeOptions(read.words);
    if (words.length === 0) continue;
    let outcome = await options.run(words, { yes: chosen.yes, folder: options.folder });
    if (outcome.result === 'question' && !chosen.json) {
      show(outcome.blocks);
      const agreed = await reader.next('Go on? [y/N] ', { remember: false });
      if (!/^y(es)?$/i.test(agreed?.trim() ?? '')) {
        show([sentence('Nothing was done.')]);
        continue;
      }
      outcome = await options.run(words, { yes: true, folder: options.folder });
    }
    if (chosen.json) output.write(`${harmlessJson(outcome.data)}\n`);
    else show(outcome.blocks);
  }
}

function readLine(line: string): { words: readonly Word[] } | Outcome {
  try {
    return { words: splitLine(line) };
  } catch (error) {
    if (error instanceof OpenQuote) return wrong(`${error.message}.`, 'help');
    throw error;
  }
}

function promptOn(lines: Interface, output: WriteStream): Prompt {
  return {
    clear: () => {
      moveCursor(output, 0, -lines.getCursorPos().rows);
      cursorTo(output, 0);
      clearScreenDown(output);
    },
    redraw: () => {
      // Node moves up by the rows that it drew last before it draws again; they are gone.
      Reflect.set(lines, 'prevRows', 0);
      lines.prompt(true);
    },
  };
}
