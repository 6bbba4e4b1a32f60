/** One word of a command line. */
export interface Word {
  readonly text: string;
  /** Its parts between the commas that are outside quotes. */
  readonly parts: readonly string[];
  /** Whether it was in quotes: then it is no word of a command's name. */
  readonly quoted: boolean;
}

/** A line in which a quote is opened and not closed. */
export class OpenQuote extends Error {
  /** The unfinished word, as far as it goes, and the words before it. */
  readonly words: readonly Word[];

  constructor(quote: string, words: readonly Word[]) {
    super(`a quote is opened and not closed: ${quote}`);
    this.name = 'OpenQuote';
    this.words = words;
  }
}

/** What has to stand in quotes: anything that means something to the splitter. */
const special = /[\s,"'\\]/;

/**
 * Splits a line at its spaces. A quote, single or double, opens at the start of a word or after a comma; elsewhere it
 * is an apostrophe. Inside quotes a backslash takes the character after it as it is.
 *
 * @throws OpenQuote
 */
export function splitLine(line: string): Word[] {
  const words: Word[] = [];
  let at = 0;
  while (at < line.length) {
    if (isSpace(line, at)) {
      at += 1;
      continue;
    }
    const { word, end, open } = readWord(line, at);
    words.push(word);
    if (open !== null) throw new OpenQuote(open, words);
    at = end;
  }
  return words;
}

/** An argument as a shell hands it over: one word, whatever spaces it holds. */
export function wordOf(argument: string): Word {
  const { word, end, open } = readWord(argument, 0, () => false);
  const isWhole = end === argument.length && open === null;
  // A shell took the quotes already: those that are left and make no sense are part of the text.
  return isWhole ? { ...word, text: argument } : { text: argument, parts: [argument], quoted: false };
}

/** The text so that `splitLine` reads it as one word that is not split at commas. */
export function quoteWord(text: string): string {
  if (text !== '' && !special.test(text)) return text;
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/**
 * The items of a list that may be spread over several words, as long as commas are between them.
 *
 * @returns null where a comma is missing or an item is empty
 */
export function listOf(words: readonly Word[]): string[] | null {
  const items: string[] = [];
  for (const [at, word] of words.entries()) {
    const parts = [...word.parts];
    if (at > 0) {
      if (items.at(-1) === '') items.pop();
      else if (parts[0] === '' && parts.length > 1) parts.shift();
      else return null;
    }
    items.push(...parts);
  }
  return items.length === 0 || items.includes('') ? null : items;
}

function readWord(
  line: string,
  start: number,
  endsWord: (line: string, at: number) => boolean = isSpace,
): { word: Word; end: number; open: string | null } {
  const parts: string[] = [];
  let part = '';
  let quoted = false;
  let isStart = true;
  let at = start;
  while (at < line.length && !endsWord(line, at)) {
    const character = line.charAt(at);
    if (isStart && (character === '"' || character === "'")) {
      const inside = readQuoted(line, at);
      part += inside.text;
      quoted = true;
      at = inside.end;
      if (!inside.closed) return { word: wordFrom([...parts, part], quoted), end: at, open: character };
    } else if (character === ',') {
      parts.push(part);
      part = '';
      at += 1;
      isStart = true;
      continue;
    } else {
      part += character;
      at += 1;
    }
    isStart = false;
  }
  return { word: wordFrom([...parts, part], quoted), end: at, open: null };
}

function readQuoted(line: string, start: number): { text: string; end: number; closed: boolean } {
  const quote = line.charAt(start);
  let text = '';
  for (let at = start + 1; at < line.length; at++) {
    const character = line.charAt(at);
    if (character === quote) return { text, end: at + 1, closed: true };
    if (character === '\\' && at + 1 < line.length) at += 1;
    text += line.charAt(at);
  }
  return { text, end: line.length, closed: false };
}

function wordFrom(parts: readonly string[], quoted: boolean): Word {
  return { text: parts.join(','), parts, quoted };
}

function isSpace(line: string, at: number): boolean {
  return /\s/.test(line.charAt(at));
}
