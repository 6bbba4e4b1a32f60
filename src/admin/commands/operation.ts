import path from 'node:path';
import type { Clock } from '../../core/clock.ts';
import type { Hub } from '../../core/live/hub.ts';
import type { WhoIsOnline } from '../../core/live/who-is-online.ts';
import type { StoreMaintenance } from '../../core/maintenance.ts';
import type { Store } from '../../core/store.ts';
import type { Transactions } from '../../core/transactions.ts';
import { consoleActor } from '../actor.ts';
import { type Command, command } from '../command.ts';
import { file, noticeText } from '../parameters.ts';
import { counted, done, isoTime, sentence, table } from '../report.ts';

/** Commands about the server as a whole. */
export function operationCommands(parts: {
  store: Store<Transactions>;
  maintenance: StoreMaintenance;
  hub: Hub;
  online: WhoIsOnline;
  clock: Clock;
  requestStop: () => void;
}): Command[] {
  const { store, maintenance, hub, online, clock, requestStop } = parts;
  const startedAt = clock.now();
  const note = (action: string, target: string, details: Record<string, string | number> = {}) =>
    store.transact('noteAction', { now: clock.now(), actor: consoleActor, action, target, details });
  return [
    command({
      name: 'stats',
      summary: 'display how much there is of everything, and what is going on',
      parameters: {},
      run: async () => {
        const counts = await maintenance.count();
        const facts: Record<string, number> = {
          users: counts.users,
          online: await online.total(),
          sessions: counts.sessions,
          rooms: counts.rooms,
          messages: counts.messages,
          'audit entries': counts.auditEntries,
          ...withPrefix('connections, ', hub.counts.connections),
          ...withPrefix('events delivered, ', hub.counts.deliveries),
          'memory, MiB': Math.round(process.memoryUsage.rss() / 2 ** 20),
          'up, seconds': Math.round((clock.now() - startedAt) / 1000),
        };
        const names = Object.entries(facts);
        return done(
          Object.fromEntries(names.map(([name, value]) => [name.replaceAll(/\W+/g, '_'), value])),
          table(['what', '#how much'], names),
        );
      },
    }),
    command({
      name: 'backup',
      summary: 'copy the database as it is now into a file, and check the copy',
      parameters: { file },
      run: async (values, { folder }) => {
        const report = await maintenance.backup(path.resolve(folder, values.file));
        await note('backup', report.file, { bytes: report.bytes, messages: report.counts.messages });
        const { users, rooms, messages } = report.counts;
        return done(
          { ...report, at: isoTime(report.at) },
          sentence(`${report.file}: ${counted(report.bytes, 'byte')}, opened and checked.`, 'good'),
          sentence(
            `It holds ${counted(users, 'user')}, ${counted(rooms, 'room')}, ${counted(messages, 'message')}. ` +
              'It opens with nothing but the key folder of this server: keep a copy of that, apart from this one.',
          ),
        );
      },
    }),
    command({
      name: 'notice',
      summary: 'tell everybody who is connected',
      parameters: { text: noticeText },
      run: async ({ text }) => {
        await note('notice', text);
        const told = hub.toAll({ kind: 'notice', at: clock.now(), text });
        const here = counted(told, 'connection');
        const where = hub.hasOthers ? `${here} to this node, and on those to the others` : here;
        return done({ told }, sentence(`Told on ${where}.`, 'good'));
      },
    }),
    command({
      name: 'shutdown',
      summary: 'shutdown the server',
      parameters: {},
      run: async () => {
        await note('shutdown', 'server');
        requestStop();
        return done({ stopping: true }, sentence('The server stops.', 'good'));
      },
    }),
  ];
}

function withPrefix(prefix: string, counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].map(([name, count]) => [prefix + name, count]));
}
