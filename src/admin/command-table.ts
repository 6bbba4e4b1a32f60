import type { Command } from './command.ts';
import { nearest } from './nearest.ts';
import type { Word } from './words.ts';

/** The commands, and how a line finds its own. */
export class CommandTable {
  readonly commands: readonly Command[];
  private readonly byName: ReadonlyMap<string, Command>;

  /** @throws Error when two commands have one name */
  constructor(commands: readonly Command[]) {
    this.commands = commands;
    this.byName = new Map(commands.map((command) => [command.name, command]));
    if (this.byName.size < commands.length) throw new Error('two commands have one name');
  }

  /** The command that the words begin with, `ban ip` before `ban`, and the words that are left. */
  find(words: readonly Word[]): { command: Command; rest: readonly Word[] } | null {
    for (const length of [2, 1]) {
      const first = words.slice(0, length);
      if (first.length < length || first.some(({ quoted }) => quoted)) continue;
      const command = this.byName.get(nameOf(first));
      if (command !== undefined) return { command, rest: words.slice(length) };
    }
    return null;
  }

  /** The command that was most likely meant; null when none comes near. */
  nearest(words: readonly Word[]): Command | null {
    const names = [...this.byName.keys()];
    const found = [2, 1]
      .map((length) => nearest(nameOf(words.slice(0, length)), names))
      .filter((each) => each !== null)
      .sort((a, b) => a.distance - b.distance)[0];
    const begun = names.find((name) => name.startsWith(`${nameOf(words.slice(0, 1))} `));
    return this.byName.get(begun ?? found?.candidate ?? '') ?? null;
  }
}

function nameOf(words: readonly Word[]): string {
  return words.map(({ text }) => text.toLowerCase()).join(' ');
}
