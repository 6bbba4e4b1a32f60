import type { Interface } from 'node:readline';

/** Hands out the lines of a terminal one by one, each under its own prompt. */
export class LineReader {
  private readonly lines: Interface;
  private readonly options: { onShown: (isShown: boolean) => void; onInterrupt: () => void };
  /** Lines that were typed or pasted while nobody waited for them. */
  private readonly early: string[] = [];
  private waiting: ((line: string | null) => void) | null = null;
  private remembers = true;
  private closed = false;

  /**
   * @param options.onShown called when the prompt appears and when it is gone
   * @param options.onInterrupt called at Ctrl-C on an empty line, and while no line is waited for
   */
  constructor(lines: Interface, options: { onShown: (isShown: boolean) => void; onInterrupt: () => void }) {
    this.lines = lines;
    this.options = options;
    lines.on('line', (line) => this.take(line));
    lines.on('close', () => this.end());
    lines.on('SIGINT', () => this.interrupt());
    lines.on('history', (history) => {
      if (!this.remembers) history.shift();
    });
  }

  /** The next line; null when there will be none. */
  async next(prompt: string, { remember = true } = {}): Promise<string | null> {
    const early = this.early.shift();
    if (early !== undefined) return early;
    if (this.closed) return null;
    this.remembers = remember;
    this.lines.setPrompt(prompt);
    this.lines.prompt();
    this.options.onShown(true);
    return new Promise((resolve) => (this.waiting = resolve));
  }

  /** Lets the terminal go. */
  close(): void {
    if (!this.closed) this.lines.close();
  }

  private take(line: string): void {
    if (this.waiting === null) this.early.push(line);
    else this.settle(line);
  }

  private end(): void {
    this.closed = true;
    this.settle(null);
  }

  private settle(line: string | null): void {
    this.options.onShown(false);
    const { waiting } = this;
    this.waiting = null;
    this.remembers = true;
    waiting?.(line);
  }

  private interrupt(): void {
    if (this.waiting === null || (this.remembers && this.lines.line === '')) {
      this.options.onInterrupt();
      return;
    }
    // To the end of the line, and all of it away.
    this.lines.write(null, { ctrl: true, name: 'e' });
    this.lines.write(null, { ctrl: true, name: 'u' });
    if (!this.remembers) this.lines.write('\n');
  }
}
