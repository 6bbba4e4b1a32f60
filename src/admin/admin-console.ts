import type { Logger } from '../core/logger.ts';
import { type CommandParts, createCommandTable } from './commands/index.ts';
import { type Completion, completer } from './completion.ts';
import { type RunLine, lineRunner } from './runner.ts';

/** The console, for whatever reads lines: the server's terminal, and its socket. */
export interface AdminConsole {
  readonly run: RunLine;
  readonly complete: (line: string) => Promise<Completion>;
}

/** Puts the console together: one table of commands, whoever gives them. */
export function createAdminConsole(parts: CommandParts & { readonly logger: Logger }): AdminConsole {
  const table = createCommandTable(parts);
  const { pendingRooms } = parts.core;
  return {
    run: lineRunner({ table, logger: parts.logger }),
    complete: completer({ table, read: parts.store.read, pendingRooms }),
  };
}
