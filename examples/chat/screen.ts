import readline from 'node:readline';
import { Writable } from 'node:stream';
import { visible, visibleLine } from './visible.ts';

/** A piece of a line: plain, or in a way that stands out. */
export type Piece = string | { readonly dim: string } | { readonly bold: string };

/** Most lines of one text that are shown. */
const maxLines = 60;

/**
 * The terminal: lines come out above the one that is being written. Every text goes through `visible` here, so that
 * nothing anybody wrote reaches the terminal in another way.
 */
export class Screen {
  private readonly terminal: readline.Interface;
  private isMuted = false;
  private isAsking = false;
  private isClosed = false;
  private prompt = '';
  private readonly output: NodeJS.WriteStream;

  constructor(input: NodeJS.ReadStream, output: NodeJS.WriteStream) {
    this.output = output;
    const through = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (!this.isMuted) output.write(chunk);
        done();
      },
    });
    Object.defineProperty(through, 'columns', { get: () => output.columns });
    const terminal = output.isTTY;
    this.terminal = readline.createInterface({ input, output: through, terminal, historySize: 100 });
    this.terminal.on('close', () => (this.isClosed = true));
    // Answers to questions are nothing to come back to, and some are secret.
    this.terminal.on('history', (history) => {
      if (this.isAsking) history.shift();
    });
  }

  /** Prints a line, or several where a text holds line ends. */
  line(...pieces: Piece[]): void {
    const text = pieces.map(shown).join('').replaceAll('\n', '\n  | ');
    const lines = text.split('\n');
    const rest = lines.length - maxLines;
    if (rest > 0) lines.splice(maxLines, rest, `  | … and ${rest} lines more`);
    this.above(() => this.output.write(`${lines.join('\n')}\n`));
  }

  /** Asks a question on a line of its own. Null when the terminal is closed. */
  async ask(question: string): Promise<string | null> {
    if (this.isClosed) return null;
    this.isAsking = true;
    return new Promise<string | null>((resolve) => {
      const closed = (): void => resolve(null);
      this.terminal.once('close', closed);
      this.terminal.question(question, (answer) => {
        this.terminal.off('close', closed);
        resolve(answer);
      });
    }).finally(() => (this.isAsking = false));
  }

  /** Asks for what nobody is to see, on the screen or in the history. */
  async askSecret(question: string): Promise<string | null> {
    this.output.write(question);
    this.isMuted = true;
    try {
      return await this.ask('');
    } finally {
      this.isMuted = false;
      this.output.write('\n');
    }
  }

  /** Takes lines from now on, one after the other. @param onKey called at every key, with the line as it is then */
  start(handlers: {
    onLine: (line: string) => void;
    onKey: (line: string) => void;
    onClose: () => void;
  }): void {
    this.terminal.on('line', (line) => handlers.onLine(line));
    this.terminal.on('SIGINT', () => this.close());
    this.terminal.on('close', handlers.onClose);
    (this.terminal as unknown as { input: NodeJS.ReadStream }).input.on('keypress', () =>
      handlers.onKey(this.terminal.line),
    );
    if (this.isClosed) handlers.onClose();
  }

  /** What stands before the line that is being written. */
  setPrompt(text: string): void {
    const prompt = visibleLine(text);
    if (this.isClosed || prompt === this.prompt) return;
    this.prompt = prompt;
    this.terminal.setPrompt(prompt);
    this.above(() => {});
  }

  /** Takes a line that was entered off the screen again, where something better comes in its place. */
  forget(line: string): void {
    if (!this.output.isTTY) return;
    const columns = this.output.columns || 80;
    const rows = Math.floor((this.prompt.length + line.length) / columns) + 1;
    readline.moveCursor(this.output, 0, -rows);
    readline.clearScreenDown(this.output);
  }

  /** Shows the prompt again. */
  ready(): void {
    if (!this.isClosed) this.terminal.prompt(true);
  }

  close(): void {
    if (!this.isClosed) this.terminal.close();
  }

  /** Writes where the line that is being written stands, and that below it again. */
  private above(write: () => void): void {
    if (this.isClosed || this.prompt === '' || !this.output.isTTY) {
      write();
      return;
    }
    const { rows } = this.terminal.getCursorPos();
    readline.moveCursor(this.output, 0, -rows);
    readline.cursorTo(this.output, 0);
    readline.clearScreenDown(this.output);
    write();
    this.ready();
  }
}

function shown(piece: Piece): string {
  if (typeof piece === 'string') return visible(piece);
  return 'dim' in piece
    ? `\u001b[2m${visible(piece.dim)}\u001b[22m`
    : `\u001b[1m${visible(piece.bold)}\u001b[22m`;
}
