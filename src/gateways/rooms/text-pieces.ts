const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

/**
 * Cuts a text so that each piece, written into JSON, takes no more than so many bytes. What a reader sees as one
 * character stays whole, unless it alone is over the limit; then its code points do. The pieces in a row are the text.
 *
 * @param maxBytes of each piece; one code point is taken even where it is longer
 */
export function piecesOf(text: string, maxBytes: number): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < text.length;) {
    const end = endOfPiece(text, start, maxBytes);
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces.length === 0 ? [''] : pieces;
}

function endOfPiece(text: string, start: number, maxBytes: number): number {
  let bytes = 0;
  let end = start;
  while (end < text.length) {
    const codePoint = text.codePointAt(end) ?? 0;
    bytes += jsonBytes(codePoint);
    if (bytes > maxBytes && end > start) return lastWhole(text, start, end);
    end += codePoint > 0xffff ? 2 : 1;
  }
  return end;
}

/** The last place at or before the cut where a character begins. */
function lastWhole(text: string, start: number, cut: number): number {
  // Looking back from a cut is costly in a long text: a window is enough for any character that people write.
  const from = Math.max(start, cut - windowUnits);
  const window = text.slice(from, cut + windowUnits);
  const begin = from + (graphemes.segment(window).containing(cut - from)?.index ?? cut - from);
  return begin > from ? begin : cut;
}

/** Longer than any character of several code points that stands for one thing, in UTF-16 units. */
const windowUnits = 64;

/** What a code point takes in JSON as `JSON.stringify` writes it, in bytes of UTF-8. */
function jsonBytes(codePoint: number): number {
  if (codePoint === 0x22 || codePoint === 0x5c) return 2;
  if (codePoint < 0x20) return shortEscapes.has(codePoint) ? 2 : 6;
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  if (codePoint > 0xffff) return 4;
  const isLoneSurrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
  return isLoneSurrogate ? 6 : 3;
}

/** `\b \t \n \f \r` */
const shortEscapes: ReadonlySet<number> = new Set([0x08, 0x09, 0x0a, 0x0c, 0x0d]);
