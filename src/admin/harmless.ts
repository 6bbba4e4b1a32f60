/**
 * What acts in a terminal or hides in it: controls (escapes among them), format characters with the direction marks,
 * line separators, and what Unicode has no character for. The two joiners only shape letters and emoji.
 */
const acting = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Marks piled so high that they would cover the lines above. */
const pileOfMarks = /(\p{M}{8})\p{M}+/gu;

/**
 * A text from anybody, so that it can be printed: what would act in the terminal is written out (`\u001b`), and it is
 * one line. Everything that the console prints goes through here.
 */
export function harmless(text: string): string {
  return text
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replaceAll(acting, written)
    .replaceAll(pileOfMarks, '$1…');
}

/** JSON of a value, over several lines, in which no text acts in a terminal. A program reads the same value from it. */
export function harmlessJson(value: unknown): string {
  const lines = (JSON.stringify(value, null, 2) ?? 'null').split('\n');
  return lines.map((line) => line.replaceAll(acting, written)).join('\n');
}

/** In the form that JSON has for it, too. */
function written(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
