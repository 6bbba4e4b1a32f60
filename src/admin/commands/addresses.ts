import type { Clock } from '../../core/clock.ts';
import { rangeEdges } from '../../core/addresses.ts';
import type { Hub } from '../../core/live/hub.ts';
import type { Moderation } from '../../core/moderation/moderation.ts';
import { consoleActor } from '../actor.ts';
import { type Command, command } from '../command.ts';
import { addressRange, duration, reason } from '../parameters.ts';
import { type Block, type Outcome, counted, done, isoTime, moment, sentence } from '../report.ts';
import { ended } from './moderation.ts';

/** Names that are shown before one is asked; of the others, how many they are. */
const maxNames = 20;
/** Of more than these it is not known how many there are. */
const mostSeen = 1000;

/** Commands that are about an address or a range, and so about whoever is there. */
export function addressCommands(parts: {
  moderation: Moderation;
  hub: Pick<Hub, 'hasOthers'>;
  clock: Clock;
}): Command[] {
  const { moderation, hub, clock } = parts;
  const ask =
    (kind: 'ban' | 'kick') =>
    async ({ range }: { range: string }): Promise<Outcome> =>
      question(kind, range, await moderation.seenAt(range));
  return [
    command({
      name: 'ban ip',
      summary: 'ban an IP address',
      parameters: { range: addressRange, reason },
      ask: ask('ban'),
      run: async ({ range, reason }) => {
        const imposed = await moderation.impose(consoleActor, {
          kind: 'ban',
          target: { range },
          reason,
          until: null,
        });
        return done(
          { range, ended: imposed.ended },
          sentence(`${range} is banned. ${ended(imposed.ended, hub)}`, 'good'),
        );
      },
    }),
    lifting('unban ip', 'ban', 'unban an IP address', moderation),
    command({
      name: 'kick ip',
      summary: 'kick an IP address',
      parameters: { range: addressRange, timeout: duration('timeout'), reason },
      ask: ask('kick'),
      run: async ({ range, timeout, reason }) => {
        const until = clock.now() + timeout;
        const imposed = await moderation.impose(consoleActor, {
          kind: 'kick',
          target: { range },
          reason,
          until,
        });
        return done(
          { range, until: isoTime(until), ended: imposed.ended },
          sentence(`${range} is kept out until ${moment(until)}. ${ended(imposed.ended, hub)}`, 'good'),
        );
      },
    }),
    lifting('unkick ip', 'kick', 'unkick an IP address', moderation),
  ];
}

function lifting(name: string, kind: 'ban' | 'kick', summary: string, moderation: Moderation): Command {
  return command({
    name,
    summary,
    parameters: { range: addressRange },
    run: async ({ range }) => {
      await moderation.lift(consoleActor, { kind, target: { range } });
      return done({ range }, sentence(`The ${kind} of ${range} is lifted.`, 'good'));
    },
  });
}

function question(kind: 'ban' | 'kick', range: string, names: readonly string[]): Outcome {
  const shown = names.slice(0, maxNames);
  const others = names.length - shown.length;
  const who =
    names.length === 0
      ? `No account was seen at ${range} in the last week.`
      : `${counted(names.length, 'account')} seen at ${range} in the last week: ${shown.join(', ')}` +
        (others > 0 ? `, and ${others}${names.length >= mostSeen ? ' or more' : ''} others.` : '.');
  return {
    result: 'question',
    data: {
      error: 'confirmation_needed',
      message: `The ${kind} of ${range} hits whoever is there: --yes goes on.`,
      seen: shown,
      more: others,
    },
    blocks: [sentence(who, names.length === 0 ? 'plain' : 'warning'), ...warnings(range)],
  };
}

function warnings(range: string): Block[] {
  const { first, last } = rangeEdges(range);
  const holds = (hex: string): boolean => {
    const address = Buffer.from(hex, 'hex');
    return first.compare(address) <= 0 && last.compare(address) >= 0;
  };
  const loopback = holds('00000000000000000000ffff7f000001') || holds('00000000000000000000000000000001');
  const length = Number(range.split('/')[1] ?? 128);
  return [
    ...(length === 0 ? [sentence('That is every address there is.', 'bad')] : []),
    ...(loopback
      ? [sentence('This machine itself is in it, and whoever comes through a proxy on it.', 'bad')]
      : []),
  ];
}
