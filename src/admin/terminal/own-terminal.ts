import type { AdminConsole } from '../admin-console.ts';
import { isInForeground } from './foreground.ts';
import type { LogAbovePrompt } from './log-above-prompt.ts';
import { type Terminal, openTerminal } from './terminal.ts';

/** Opens the console on the terminal that the program was started in; null where it has none to itself. */
export function openOwnTerminal(parts: { console: AdminConsole; log: LogAbovePrompt }): Terminal | null {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY || !isInForeground()) return null;
  return openTerminal({
    ...parts.console,
    log: parts.log,
    input: stdin,
    output: stdout,
    folder: process.cwd(),
    // Typed at a prompt, Ctrl-C is a key: it becomes the signal that it is elsewhere.
    onInterrupt: () => process.kill(process.pid, 'SIGINT'),
  });
}
