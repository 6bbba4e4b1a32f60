import { type Parameter, WrongLine } from './parameters.ts';
import type { Outcome } from './report.ts';
import type { Word } from './words.ts';

/** Where and how a command is given, beside its words. */
export interface Invocation {
  /** The folder that file names are relative to. */
  readonly folder: string;
}

/** A command whose words were read. Nothing has happened yet. */
export interface Prepared {
  /** What has to be agreed to first; null when nothing has. */
  readonly ask: (() => Promise<Outcome>) | null;
  readonly run: (invocation: Invocation) => Promise<Outcome>;
}

/** One of the console's commands. */
export interface Command {
  /** One or two words. */
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly parameters: readonly Parameter<unknown>[];
  /** Reads the words after its name. @throws WrongLine */
  prepare(words: readonly Word[]): Prepared;
}

interface CommandDescription<Values extends Record<string, unknown>> {
  readonly name: string;
  readonly summary: string;
  /** In the order in which they are typed. */
  readonly parameters: { readonly [Name in keyof Values]: Parameter<Values[Name]> };
  /** Says what will happen, and asks; for commands that hit more than they name. */
  readonly ask?: (values: NoInfer<Values>) => Promise<Outcome>;
  readonly run: (values: NoInfer<Values>, invocation: Invocation) => Promise<Outcome>;
}

/** Makes a command from what it is called, takes and does. Its usage follows from that. */
export function command<Values extends Record<string, unknown>>(
  description: CommandDescription<Values>,
): Command {
  const { name, summary, ask, run } = description;
  const entries: [string, Parameter<unknown>][] = Object.entries(description.parameters);
  const parameters = entries.map(([, parameter]) => parameter);
  return {
    name,
    summary,
    usage: [name, ...parameters.map(shown)].join(' '),
    parameters,
    prepare: (words) => {
      const read = readParameters(parameters, words);
      const values = Object.fromEntries(entries.map(([key], at) => [key, read[at]])) as Values;
      return {
        ask: ask === undefined ? null : () => ask(values),
        run: (invocation) => run(values, invocation),
      };
    },
  };
}

function shown({ placeholder, takes }: Parameter<unknown>): string {
  return takes === 'may' ? `[${placeholder}]` : `<${placeholder}>`;
}

function readParameters(parameters: readonly Parameter<unknown>[], words: readonly Word[]): unknown[] {
  let at = 0;
  const values = parameters.map((parameter) => {
    const taken = words.slice(at, parameter.takes === 'rest' ? words.length : at + 1);
    if (taken.length === 0 && parameter.takes !== 'may') {
      throw new WrongLine(`${shown(parameter)} is missing`);
    }
    at += taken.length;
    return parameter.read(taken);
  });
  const extra = words[at];
  if (extra !== undefined) {
    throw new WrongLine(`"${extra.text}" is too much; names with spaces go in quotes`);
  }
  return values;
}
