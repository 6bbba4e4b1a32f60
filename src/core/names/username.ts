import { isOfOneScript } from './scripts.ts';

/** A username that may be taken, or what is wrong with it. */
export type UsernameReading =
  | {
      readonly ok: true;
      /** NFKC, as it is shown. */
      readonly username: string;
      /** Folded: equal for all spellings of one name. */
      readonly key: string;
    }
  | { readonly ok: false; readonly problem: string };

/** Longest name in code points, as typed and in NFKC, which can be 18 times as long. */
const maxCharacters = 40;

const plainName = /^[A-Za-z0-9_.-]{1,40}$/;
const letterOrDigit = /[\p{L}\p{Nd}]/u;
const allowed = /^[\p{L}\p{Mn}\p{Mc}\p{Nd}_.-]+$/u;
/** Among them letters: a name of Hangul fillers would be seen by nobody. */
const invisible = /\p{Default_Ignorable_Code_Point}/u;
/** Letters by name only: they look like apostrophes and colons, or, in Arabic, like nothing but a longer line. */
const signLikeLetter = /(?!ー)(?=\p{Lm})\p{Script=Common}/u;
const markWithoutLetter = /(?<![\p{L}\p{M}])\p{M}/u;
/** Burmese puts six marks on a letter; no language puts the same one there twice. */
const pileOfMarks = /(\p{M})\1|\p{M}{7}/u;

/**
 * Reads a username: 1 to 40 letters, digits, `_ . -`, NFKC, all of one script, so that a name cannot pass for another
 * by borrowing look-alikes. Unique without regard to case.
 */
export function readUsername(input: string): UsernameReading {
  // A code point is two units at most: nothing that is longer is looked at.
  if (input.length > 2 * maxCharacters) return problem('at most 40 characters');
  if (plainName.test(input) && letterOrDigit.test(input)) {
    return { ok: true, username: input, key: input.toLowerCase() };
  }
  if (!input.isWellFormed()) return problem('not well-formed Unicode');
  const username = input.normalize('NFKC');
  if (username === '' || characters(username) > maxCharacters || characters(input) > maxCharacters) {
    return problem('1 to 40 characters');
  }
  if (!allowed.test(username) || invisible.test(username) || signLikeLetter.test(username)) {
    return problem('letters, digits, and _ . - only');
  }
  if (!letterOrDigit.test(username)) return problem('at least one letter or digit');
  if (markWithoutLetter.test(username)) return problem('a mark without its letter');
  if (pileOfMarks.test(username)) return problem('too many marks on one letter');
  if (!hasOneKindOfDigits(username)) return problem('digits of one kind only');
  if (!isOfOneScript(username)) return problem('letters and digits of one script only');
  return { ok: true, username, key: foldName(username) };
}

/**
 * The form in which two spellings of one name are equal. Folding a folded name changes nothing.
 *
 * To upper case and back, so that what is equal in either is equal: `ß` and `ss`, `ı` and `i`. Besides that, what
 * differs but looks the same: the sigmas, an `i` with its dot added once more, digits of the two Arabic kinds.
 */
export function foldName(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .replaceAll(/(?<=\p{Soft_Dotted})\u0307+/gu, '')
    .normalize('NFKC')
    .replaceAll('ς', 'σ')
    .replaceAll(/[^\P{Nd}0-9]/gu, (digit) => String(digitOf(digit).value));
}

function hasOneKindOfDigits(username: string): boolean {
  const zeros = new Set([...username.matchAll(/\p{Nd}/gu)].map(([digit]) => digitOf(digit).zero));
  return zeros.size <= 1;
}

/** Digits stand in Unicode in runs of ten, of which few touch. */
function digitOf(digit: string): { value: number; zero: number } {
  const codePoint = digit.codePointAt(0) ?? 0;
  let start = codePoint;
  while (/^\p{Nd}$/u.test(String.fromCodePoint(start - 1))) start -= 1;
  const value = (codePoint - start) % 10;
  return { value, zero: codePoint - value };
}

/** Length in code points. */
function characters(text: string): number {
  return Array.from(text).length;
}

function problem(text: string): UsernameReading {
  return { ok: false, problem: text };
}
