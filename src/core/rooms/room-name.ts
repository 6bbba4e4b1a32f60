import { foldName } from '../names/username.ts';

/** A room's name that may be given, or what is wrong with it. */
export type RoomNameReading =
  | { readonly ok: true; readonly name: string; readonly key: string }
  | { readonly ok: false; readonly problem: string };

/** Longest name in code points. */
const maxCharacters = 60;

/** What would act on a screen or be seen by nobody: control and format characters, line ends, other spaces. */
const forbidden = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}|\p{Default_Ignorable_Code_Point}/u;
const pileOfMarks = /\p{M}{4}/u;

/** Reads a room's name: 1 to 60 characters, unique without regard to case. */
export function readRoomName(input: string): RoomNameReading {
  if (input.length > 2 * maxCharacters) return { ok: false, problem: 'at most 60 characters' };
  if (!input.isWellFormed()) return { ok: false, problem: 'not well-formed Unicode' };
  const name = input.normalize('NFC');
  const length = Array.from(name).length;
  if (length === 0 || length > maxCharacters) return { ok: false, problem: '1 to 60 characters' };
  if (forbidden.test(name) || pileOfMarks.test(name)) {
    return { ok: false, problem: 'a character that cannot be seen or shown' };
  }
  if (name !== name.trim() || name.includes('  ')) {
    return { ok: false, problem: 'a space at an end, or two in a row' };
  }
  if (!/[\p{L}\p{N}\p{S}]/u.test(name)) return { ok: false, problem: 'at least one letter or digit' };
  return { ok: true, name, key: roomNameKey(name) };
}

/** The form in which all spellings of one name are equal. */
export function roomNameKey(text: string): string {
  return foldName(text);
}
