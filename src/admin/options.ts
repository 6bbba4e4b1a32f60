import type { Word } from './words.ts';

/** What can be said beside a command. */
export interface Options {
  /** Go on without asking. */
  readonly yes: boolean;
  /** JSON instead of text for people. */
  readonly json: boolean;
}

/**
 * Takes `--yes` and `--json` off the beginning and the end of a line. In between they are words like others, so that a
 * reason may hold them; so are those in quotes.
 */
export function takeOptions(words: readonly Word[]): { options: Options; words: readonly Word[] } {
  const found = new Set<string>();
  let start = 0;
  let end = words.length;
  const take = (word: Word | undefined): boolean => {
    if (word === undefined || word.quoted || (word.text !== '--yes' && word.text !== '--json')) return false;
    found.add(word.text);
    return true;
  };
  while (start < end && take(words[start])) start += 1;
  while (start < end && take(words[end - 1])) end -= 1;
  return {
    options: { yes: found.has('--yes'), json: found.has('--json') },
    words: words.slice(start, end),
  };
}
