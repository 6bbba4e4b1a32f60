import type { WriteStream } from 'node:tty';

/** A prompt that can step aside for a moment. */
export interface Prompt {
  /** Takes itself off the screen; the cursor stands where it began. */
  clear(): void;
  /** Comes back below what was written since. */
  redraw(): void;
}

/** Writes the log where the prompt is: each line above it, so that what is being typed stays whole. */
export class LogAbovePrompt {
  private readonly stream: Pick<WriteStream, 'write' | 'isTTY'>;
  private prompt: Prompt | null = null;

  constructor(stream: Pick<WriteStream, 'write' | 'isTTY'>) {
    this.stream = stream;
  }

  /** Steps around this prompt from now on; null when none is shown. */
  around(prompt: Prompt | null): void {
    this.prompt = prompt;
  }

  /** Writes a line of the log. */
  write(line: string): void {
    // A log that goes into a file is not on the screen.
    const prompt = this.stream.isTTY ? this.prompt : null;
    prompt?.clear();
    this.stream.write(line);
    prompt?.redraw();
  }
}
