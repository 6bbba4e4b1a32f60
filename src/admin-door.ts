import { type AdminConsole, createAdminConsole } from './admin/admin-console.ts';
import type { CommandParts } from './admin/commands/index.ts';
import { openAdminSocket } from './admin/socket/server.ts';
import type { Config } from './config.ts';
import type { Timers } from './core/clock.ts';
import type { Logger } from './core/logger.ts';

/** The admin console of a running server. */
export interface AdminDoor {
  readonly console: AdminConsole;
  /** Fulfilled when a command asks for the server to be stopped. */
  readonly stopRequested: Promise<void>;
  /** Takes no more commands, and waits for those under way. */
  stop(): Promise<void>;
}

/** Makes the console, and opens its socket where the configuration has one. @throws AdminSocketError */
export async function openAdminDoor(
  config: Config,
  logger: Logger,
  parts: Omit<CommandParts, 'requestStop'> & { timers: Timers },
): Promise<AdminDoor> {
  const consoleLogger = logger.child('console');
  let requestStop = (): void => {};
  const stopRequested = new Promise<void>((resolve) => (requestStop = resolve));
  const console = createAdminConsole({ ...parts, requestStop, logger: consoleLogger });
  const { file } = config.admin;
  const socket =
    file === null
      ? null
      : await openAdminSocket({ file, run: console.run, timers: parts.timers, logger: consoleLogger });
  return { console, stopRequested, stop: async () => socket?.stop() };
}
