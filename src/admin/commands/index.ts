import type { Core } from '../../core/core.ts';
import type { Clock } from '../../core/clock.ts';
import type { StoreMaintenance } from '../../core/maintenance.ts';
import type { Store } from '../../core/store.ts';
import type { Transactions } from '../../core/transactions.ts';
import type { AtRestKeys } from '../../crypto/at-rest.ts';
import { type Command, command } from '../command.ts';
import { CommandTable } from '../command-table.ts';
import { done, table } from '../report.ts';
import { addressCommands } from './addresses.ts';
import { auditCommands } from './audit.ts';
import { keyCommands } from './keys.ts';
import { messageCommands } from './messages.ts';
import { moderationCommands } from './moderation.ts';
import { operationCommands } from './operation.ts';
import { roomCommands } from './rooms.ts';
import { userCommands } from './users.ts';

/** What the commands are made of. */
export interface CommandParts {
  readonly core: Core;
  readonly store: Store<Transactions>;
  readonly maintenance: StoreMaintenance;
  readonly atRest: AtRestKeys;
  readonly clock: Clock;
  /** Asks for the server to be stopped in order; returns at once. */
  readonly requestStop: () => void;
}

/** The commands that everybody looks for first, in the order that admins know them in. */
const firstShown = [
  ...['help', 'messages', 'users', 'rooms', 'add room', 'pending rooms', 'accept pending'],
  ...['kick', 'unkick', 'ban', 'ban ip', 'unban', 'unban ip', 'kill', 'shutdown'],
];

/** Every command of the console, in the order in which `help` shows them. */
export function createCommandTable(parts: CommandParts): CommandTable {
  const { core, store, maintenance, atRest, clock, requestStop } = parts;
  const { moderation, hub, online, bans, keyRotation } = core;
  const commands: Command[] = [
    ...messageCommands({ recentMessages: core.recentMessages, clock }),
    ...userCommands({ read: store.read, online, bans, moderation, sessionsOf: core.sessionsOf }),
    ...roomCommands({ ...core, read: store.read }),
    ...moderationCommands({ moderation, hub, clock }),
    ...addressCommands({ moderation, hub, clock }),
    ...auditCommands({ read: store.read, atRest, moderation }),
    ...keyCommands({ maintenance, keyRotation }),
    ...operationCommands({ store, maintenance, hub, online, clock, requestStop }),
  ];
  // Made with itself in its list.
  const all: Command[] = [...commands, helpOn(() => all)].sort((a, b) => placeOf(a) - placeOf(b));
  return new CommandTable(all);
}

function helpOn(all: () => readonly Command[]): Command {
  return command({
    name: 'help',
    summary: 'display this help message',
    parameters: {},
    run: async () =>
      done(
        all().map(({ name, usage, summary }) => ({ name, usage, summary })),
        table(
          ['command', 'what it does'],
          all().map(({ usage, summary }) => [usage, summary]),
        ),
      ),
  });
}

function placeOf({ name }: Command): number {
  const place = firstShown.indexOf(name);
  return place === -1 ? firstShown.length : place;
}
