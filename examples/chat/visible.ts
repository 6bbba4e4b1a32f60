/**
 * What somebody else wrote, as text that a terminal only shows: nothing in it moves the cursor, changes colours, hides
 * or turns the direction of what stands beside it.
 *
 * Control characters become their pictures (`␛`), other characters that act unseen their numbers (`⟨U+202E⟩`). Lines
 * stay lines; joiners stay, which letters and emoji are made with.
 */
export function visible(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll('\t', '    ')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/gu, pictureOf)
    .replaceAll(/(\p{M}{4})\p{M}+/gu, '$1');
}

/** The same on one line. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll('\n', '␊');
}

const harmless: ReadonlySet<string> = new Set(['\n', '\u200c', '\u200d']);

function pictureOf(character: string): string {
  if (harmless.has(character)) return character;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return '␡';
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}
