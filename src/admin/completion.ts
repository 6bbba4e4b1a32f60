import type { Core } from '../core/core.ts';
import { foldName } from '../core/names/username.ts';
import { roomNameKey } from '../core/rooms/room-name.ts';
import type { Reader } from '../core/store.ts';
import type { CommandTable } from './command-table.ts';
import { harmless } from './harmless.ts';
import type { Offer } from './parameters.ts';
import { OpenQuote, type Word, quoteWord, splitLine } from './words.ts';

/** What Tab offers in the place of the end of a line. */
export interface Completion {
  /** The end of the line that each of them replaces. */
  readonly replaces: string;
  readonly candidates: readonly string[];
}

/** Most names that are offered at once. */
const maxCandidates = 100;

/** Completes the names of commands, users and rooms. Never throws; offers nothing where nothing fits. */
export function completer(parts: {
  table: CommandTable;
  read: Reader;
  pendingRooms: Core['pendingRooms'];
}): (line: string) => Promise<Completion> {
  const { table } = parts;
  return async (line) => {
    const commands = commandsAt(table, line);
    const place = placeAt(table, line);
    if (place === null) return commands;
    const names = await namesFor(parts, place).catch(() => []);
    const candidates = names.filter((name) => harmless(name) === name).map(quoteWord);
    if (candidates.length === 0) return commands;
    const named = candidates.map((each) => each + place.ending);
    if (commands.candidates.length === 0) return { replaces: place.raw, candidates: named };
    const before = commands.replaces.slice(0, commands.replaces.length - place.raw.length);
    return { ...commands, candidates: [...commands.candidates, ...named.map((each) => before + each)] };
  };
}

function commandsAt(table: CommandTable, line: string): Completion {
  const typed = line.trimStart().toLowerCase();
  const names = table.commands.map(({ name }) => name).filter((name) => name.startsWith(typed));
  const exact = table.commands.find(({ name }) => name === typed);
  // Whoever has typed all of `ban` may go on with a name, or want `ban ip`.
  const candidates = names.map((name) =>
    name === exact?.name && exact.parameters.length === 0 ? name : `${name} `,
  );
  return { replaces: line.trimStart(), candidates };
}

interface Place {
  readonly offer: Offer;
  /** What stands there so far, as it was typed, and as it was meant. */
  readonly raw: string;
  readonly typed: string;
  /** The words of the command's earlier parameters. */
  readonly earlier: readonly string[];
  /** What follows a name: nothing in a list, where a comma may come. */
  readonly ending: string;
}

/** Which parameter the end of the line belongs to; null where it is none that has names. */
function placeAt(table: CommandTable, line: string): Place | null {
  const words = wordsOf(line);
  const isNew = !openQuote(line) && /\s$/.test(line);
  const found = table.find(isNew ? words : words.slice(0, -1));
  if (found === null) return null;
  const { parameters } = found.command;
  const at = found.rest.length;
  const rest = parameters.findIndex(({ takes }) => takes === 'rest');
  const parameter = parameters[rest === -1 ? at : Math.min(at, rest)];
  if (parameter === undefined || parameter.offer === 'nothing') return null;
  const last = isNew ? undefined : words.at(-1);
  const isList = parameter.takes === 'rest';
  const typed = (isList ? last?.parts.at(-1) : last?.text) ?? '';
  return {
    offer: parameter.offer,
    raw: isNew ? '' : rawEnd(line, isList),
    typed,
    earlier: found.rest.map(({ text }) => text),
    ending: isList ? '' : ' ',
  };
}

/** The end of the line as it was typed, back to where the word, or the item of the list, begins. */
function rawEnd(line: string, isList: boolean): string {
  for (let start = line.length - 1; start >= 0; start--) {
    const isEdge = /\s/.test(line.charAt(start)) || (isList && line.charAt(start) === ',');
    if (isEdge && !openQuote(line.slice(0, start))) return line.slice(start + 1);
  }
  return line;
}

function openQuote(line: string): boolean {
  try {
    splitLine(line);
    return false;
  } catch {
    return true;
  }
}

function wordsOf(line: string): readonly Word[] {
  try {
    return splitLine(line);
  } catch (error) {
    return error instanceof OpenQuote ? error.words : [];
  }
}

async function namesFor(
  { read, pendingRooms }: { read: Reader; pendingRooms: Core['pendingRooms'] },
  { offer, typed, earlier }: Place,
): Promise<string[]> {
  if (offer === 'users') return usersNamed(read, typed);
  const key = roomNameKey(typed);
  return (await pendingRooms(earlier[0] ?? ''))
    .filter(({ room }) => room.nameKey?.startsWith(key) ?? false)
    .slice(0, maxCandidates)
    .map(({ room }) => room.name ?? '');
}

async function usersNamed(read: Reader, typed: string): Promise<string[]> {
  const key = foldName(typed);
  const exact = key === '' ? null : await read.users.byUsernameKey(key);
  const after = await read.users.afterUsernameKey(key, maxCandidates);
  const rows = [...(exact === null ? [] : [exact]), ...after];
  return rows
    .filter(({ usernameKey }) => usernameKey?.startsWith(key) ?? false)
    .map(({ username }) => username ?? '');
}
