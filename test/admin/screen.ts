import { Writable } from 'node:stream';

const escape = String.fromCharCode(27);
const sequence = new RegExp(`^${escape}\\[(\\d*)([A-Za-z])`);

/** A terminal as wide as is said and as high as it gets: what was written, as somebody would see it. */
export class Screen extends Writable {
  readonly isTTY = true;
  readonly columns: number;
  private readonly rows: string[][] = [[]];
  private row = 0;
  private column = 0;

  constructor(columns = 80) {
    super({ decodeStrings: false });
    this.columns = columns;
  }

  /** What is seen, line by line, without what is empty at the end. */
  get lines(): string[] {
    const lines = this.rows.map((row) =>
      Array.from(row, (cell) => cell ?? ' ')
        .join('')
        .trimEnd(),
    );
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  /** Where the next character goes. */
  get cursor(): { row: number; column: number } {
    return { row: this.row, column: this.column };
  }

  hasColors(): boolean {
    return false;
  }

  override _write(chunk: string, _encoding: string, callback: () => void): void {
    let rest = chunk;
    while (rest !== '') {
      const match = sequence.exec(rest);
      if (match !== null) {
        this.control(match[2] ?? '', Number(match[1] === '' ? Number.NaN : match[1]));
        rest = rest.slice(match[0].length);
        continue;
      }
      this.put(rest.charAt(0));
      rest = rest.slice(1);
    }
    callback();
  }

  private put(character: string): void {
    if (character === '\r') this.column = 0;
    else if (character === '\n') this.down();
    else {
      if (this.column === this.columns) this.down();
      this.line()[this.column] = character;
      this.column += 1;
    }
  }

  private down(): void {
    this.row += 1;
    this.column = 0;
    this.line();
  }

  private line(): string[] {
    while (this.rows.length <= this.row) this.rows.push([]);
    return this.rows[this.row]!;
  }

  private control(letter: string, given: number): void {
    const count = Number.isNaN(given) ? 1 : given;
    if (letter === 'A') this.row = Math.max(0, this.row - count);
    else if (letter === 'B') this.row += count;
    else if (letter === 'C') this.column += count;
    else if (letter === 'D') this.column = Math.max(0, this.column - count);
    else if (letter === 'G') this.column = count - 1;
    else if (letter === 'J' || letter === 'K') {
      this.line().length = Math.min(this.line().length, this.column);
      if (letter === 'J') this.rows.length = this.row + 1;
    } else throw new Error(`a terminal sequence that nobody expected: ${letter}`);
  }
}
