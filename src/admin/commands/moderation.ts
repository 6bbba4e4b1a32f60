import type { Clock } from '../../core/clock.ts';
import type { Hub } from '../../core/live/hub.ts';
import type { Moderation } from '../../core/moderation/moderation.ts';
import { consoleActor } from '../actor.ts';
import { type Command, command } from '../command.ts';
import { duration, reason, username } from '../parameters.ts';
import { counted, done, isoTime, moment, sentence } from '../report.ts';

/** Commands that are about one user. */
export function moderationCommands(parts: {
  moderation: Moderation;
  hub: Pick<Hub, 'hasOthers'>;
  clock: Clock;
}): Command[] {
  const { moderation, hub, clock } = parts;
  return [
    command({
      name: 'kick',
      summary: 'kick a user',
      parameters: { user: username(), timeout: duration('timeout'), reason },
      run: async ({ user, timeout, reason }) => {
        const until = clock.now() + timeout;
        const imposed = await moderation.impose(consoleActor, {
          kind: 'kick',
          target: { username: user },
          reason,
          until,
        });
        return done(
          { user: imposed.target, until: isoTime(until), ended: imposed.ended },
          sentence(
            `${imposed.target} is kept out until ${moment(until)}. ${ended(imposed.ended, hub)}`,
            'good',
          ),
        );
      },
    }),
    lifting('unkick', 'kick', 'unkick a user', moderation),
    command({
      name: 'ban',
      summary: 'ban a user',
      parameters: { user: username(), reason },
      run: async ({ user, reason }) => {
        const imposed = await moderation.impose(consoleActor, {
          kind: 'ban',
          target: { username: user },
          reason,
          until: null,
        });
        return done(
          { user: imposed.target, ended: imposed.ended },
          sentence(`${imposed.target} is banned. ${ended(imposed.ended, hub)}`, 'good'),
        );
      },
    }),
    lifting('unban', 'ban', 'unban a user', moderation),
    command({
      name: 'kill',
      summary: 'kill a user',
      parameters: { user: username(), reason },
      run: async ({ user, reason }) => {
        const count = await moderation.kill(consoleActor, user, reason);
        return done({ user, ended: count }, sentence(ended(count, hub), 'good'));
      },
    }),
  ];
}

/** What became of the connections, as a sentence. They are counted here; other nodes end theirs when they hear of it. */
export function ended(connections: number, { hasOthers }: Pick<Hub, 'hasOthers'>): string {
  const here = counted(connections, 'connection');
  return hasOthers ? `${here} to this node ended, and those to the others.` : `${here} ended.`;
}

function lifting(name: string, kind: 'ban' | 'kick', summary: string, moderation: Moderation): Command {
  return command({
    name,
    summary,
    parameters: { user: username() },
    run: async ({ user }) => {
      const { target } = await moderation.lift(consoleActor, { kind, target: { username: user } });
      return done({ user: target }, sentence(`The ${kind} of ${target} is lifted.`, 'good'));
    },
  });
}
