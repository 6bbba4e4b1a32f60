import { Refusal } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { MaintenanceError } from '../core/maintenance.ts';
import type { Invocation } from './command.ts';
import type { CommandTable } from './command-table.ts';
import { WrongLine } from './parameters.ts';
import { type Outcome, failed, wrong } from './report.ts';
import type { Word } from './words.ts';

/** Runs a line of words, wherever it was typed. Never throws. */
export type RunLine = (
  words: readonly Word[],
  how: Invocation & { readonly yes: boolean },
) => Promise<Outcome>;

/** Finds the command, reads its parameters, asks where it has to be asked for, and only then does anything. */
export function lineRunner({ table, logger }: { table: CommandTable; logger: Logger }): RunLine {
  return async (words, { yes, folder }) => {
    const found = table.find(words);
    if (found === null) return unknownCommand(table, words);
    const { command, rest } = found;
    try {
      const prepared = command.prepare(rest);
      if (prepared.ask !== null && !yes) return await prepared.ask();
      return await prepared.run({ folder });
    } catch (error) {
      if (error instanceof WrongLine) return wrong(error.message, command.usage);
      if (error instanceof Refusal) return failed(error.code, error.message);
      if (error instanceof MaintenanceError) return failed('maintenance', error.message);
      logger.error('a command of the console failed', { command: command.name, error });
      return failed('internal', 'That did not work, for a reason that is in the log.');
    }
  };
}

function unknownCommand(table: CommandTable, words: readonly Word[]): Outcome {
  if (words.length === 0) return wrong('There is no command in that line.', 'help');
  const typed = words
    .slice(0, 2)
    .map(({ text }) => text)
    .join(' ');
  const message = `There is no command "${typed.slice(0, 60)}".`;
  const meant = table.nearest(words);
  return wrong(message, meant?.usage ?? 'help');
}
