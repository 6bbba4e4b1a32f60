import { harmless } from './harmless.ts';
import type { Block, Column, Tone } from './report.ts';

const escapes: Readonly<Record<Exclude<Tone, 'plain'>, string>> = {
  good: '\u001b[32m',
  warning: '\u001b[33m',
  bad: '\u001b[31m',
  quiet: '\u001b[2m',
};
const bold = '\u001b[1m';
const reset = '\u001b[0m';

/** The blocks as text that ends in a line end; the only escapes in it are the colours that this adds. */
export function render(blocks: readonly Block[], options: { readonly colours: boolean }): string {
  const paint = (escape: string, text: string): string =>
    options.colours && text !== '' ? `${escape}${text}${reset}` : text;
  const lines = blocks.flatMap((block) => {
    if (block.kind === 'table') return tableLines(block.columns, block.rows, (text) => paint(bold, text));
    const text = harmless(block.text);
    return [block.tone === 'plain' ? text : paint(escapes[block.tone], text)];
  });
  return lines.map((line) => `${line}\n`).join('');
}

function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  emphasize: (text: string) => string,
): string[] {
  const cells = rows.map((row) => row.map(harmless));
  const titles = columns.map(({ title }) => harmless(title));
  const widths = titles.map((title, at) =>
    cells.reduce((width, row) => Math.max(width, columnWidth(row[at] ?? '')), columnWidth(title)),
  );
  const aligned = (row: readonly string[]): string =>
    columns
      .map(({ align }, at) => {
        const text = row[at] ?? '';
        const gap = ' '.repeat(Math.max(0, (widths[at] ?? 0) - columnWidth(text)));
        return align === 'right' ? gap + text : text + gap;
      })
      .join('  ')
      .trimEnd();
  return [emphasize(aligned(titles)), ...cells.map(aligned)];
}

/** Letters that take two columns, as far as names and messages hold them. */
const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const withoutWidth = /[\p{M}\u200c\u200d]/u;

/** How many columns a harmless text takes in a terminal. */
export function columnWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (withoutWidth.test(character)) continue;
    width += wide.test(character) ? 2 : 1;
  }
  return width;
}
