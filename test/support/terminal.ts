import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Node has no pseudo terminals: this one copies between its own pipes and one. */
const driver = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

/** A program in a terminal of its own, as somebody sits at it. */
export class Terminal {
  /** Everything that came out, as the terminal gets it. */
  output = '';
  readonly exited: Promise<number | null>;
  private readonly child: ChildProcess;
  private readonly wakes = new Set<() => void>();
  private looked = 0;

  constructor(command: readonly string[], environment: Record<string, string>) {
    const sized = ['sh', '-c', 'stty cols 120 rows 40; exec "$@"', 'sh', ...command];
    this.child = spawn('python3', ['-c', driver, ...sized], {
      env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm', ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.exited = once(this.child, 'exit').then(([code]) => code as number | null);
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
      for (const wake of this.wakes) wake();
    });
  }

  /** Types, as it stands. */
  type(text: string): void {
    this.child.stdin?.write(text);
  }

  /** Types a line. */
  enter(line: string): void {
    this.type(`${line}\r`);
  }

  /** Waits for something to be shown after what was waited for last. */
  async shows(expected: string | RegExp): Promise<string> {
    const pattern = typeof expected === 'string' ? new RegExp(escaped(expected)) : expected;
    const deadline = Date.now() + 20_000;
    for (;;) {
      const found = pattern.exec(this.plain().slice(this.looked));
      if (found !== null) {
        this.looked += found.index + found[0].length;
        return found[0];
      }
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`never showed ${pattern}, but:\n${this.plain().slice(this.looked)}`);
      await this.more(left);
    }
  }

  /** What came out, without what moves the cursor and colours. */
  plain(): string {
    // eslint-disable-next-line no-control-regex -- it is what terminals are told with
    return this.output.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, '').replaceAll('\r', '');
  }

  /** Ends the program, if it still runs. */
  async close(): Promise<void> {
    if (this.child.exitCode === null) this.child.kill('SIGKILL');
    await this.exited;
  }

  private async more(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(late);
        this.wakes.delete(wake);
        resolve();
      };
      const late = setTimeout(wake, milliseconds);
      this.wakes.add(wake);
    });
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
