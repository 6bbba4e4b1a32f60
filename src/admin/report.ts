/** How a sentence is meant; colours follow it where there are any. */
export type Tone = 'plain' | 'good' | 'warning' | 'bad' | 'quiet';

/** A part of what people read. All texts in it are as they came: whoever prints them makes them harmless. */
export type Block =
  | { readonly kind: 'sentence'; readonly text: string; readonly tone: Tone }
  | { readonly kind: 'table'; readonly columns: readonly Column[]; readonly rows: readonly string[][] };

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** What came of a command: the same for people (`blocks`) and for programs (`data`). */
export interface Outcome {
  /** `failed`: refused, or it could not be done. `wrong`: the line is none. `question`: it has to be asked for. */
  readonly result: 'done' | 'failed' | 'wrong' | 'question';
  /** Goes into JSON as it is. */
  readonly data: unknown;
  readonly blocks: readonly Block[];
}

/** What the program exits with. */
export const exitCodes = { done: 0, failed: 1, question: 1, wrong: 2 } as const satisfies Record<
  Outcome['result'],
  number
>;

export function sentence(text: string, tone: Tone = 'plain'): Block {
  return { kind: 'sentence', text, tone };
}

/** Titles that begin with `#` are of columns of numbers, which stand at the right. */
export function table(titles: readonly string[], rows: readonly (readonly (string | number)[])[]): Block {
  return {
    kind: 'table',
    columns: titles.map((title) => ({
      title: title.replace(/^#/, ''),
      align: title.startsWith('#') ? 'right' : 'left',
    })),
    rows: rows.map((row) => row.map(String)),
  };
}

export function done(data: unknown, ...blocks: readonly Block[]): Outcome {
  return { result: 'done', data, blocks };
}

/** Something that was refused or did not work, for a reason an admin can read. */
export function failed(code: string, message: string): Outcome {
  return { result: 'failed', data: { error: code, message }, blocks: [sentence(message, 'bad')] };
}

/** A line that is no command, with the one that is meant. */
export function wrong(message: string, usage: string): Outcome {
  return {
    result: 'wrong',
    data: { error: 'wrong_line', message, usage },
    blocks: [sentence(message, 'bad'), sentence(`usage: ${usage}`)],
  };
}

/** A time for people, to the second, UTC. */
export function moment(time: number | string): string {
  return new Date(time).toISOString().replace('T', ' ').replace(/\.\d+/, '');
}

/** A time for programs; null where there is none. */
export function isoTime(milliseconds: number): string;
export function isoTime(milliseconds: number | null): string | null;
export function isoTime(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}

/** A count with its noun: `1 room`, `3 rooms`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
