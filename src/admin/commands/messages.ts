import type { Clock } from '../../core/clock.ts';
import type { Core } from '../../core/core.ts';
import { deletedUser } from '../../core/live/events.ts';
import type { RecentMessage } from '../../core/rooms/recent-messages.ts';
import { type Command, command } from '../command.ts';
import { duration } from '../parameters.ts';
import { counted, done, isoTime, moment, sentence, table } from '../report.ts';

/** Most messages that one command shows. */
const maxMessages = 1000;
/** Longest text that is shown, in UTF-16 units. */
const maxText = 1000;

export function messageCommands(parts: { recentMessages: Core['recentMessages']; clock: Clock }): Command[] {
  return [
    command({
      name: 'messages',
      summary: 'display a list of all messages since a time',
      parameters: { time: duration('time') },
      run: async ({ time }) => {
        const found = await parts.recentMessages(parts.clock.now() - time, maxMessages);
        const messages = found.messages.map((message) => ({
          at: isoTime(message.sentAt),
          room: roomOf(message),
          from: message.sender,
          text: message.text === null ? null : shortened(message.text),
          state: message.state,
        }));
        const rows = messages.map(({ at, room, from, text, state }) => [
          moment(at),
          room,
          from,
          text ?? `(${state})`,
        ]);
        return done(
          { messages, has_more: found.hasMore },
          ...(rows.length === 0 ? [] : [table(['sent', 'room', 'from', 'message'], rows)]),
          found.hasMore
            ? sentence(`Only the oldest ${maxMessages}: there are more. Ask for a shorter time.`, 'warning')
            : sentence(counted(rows.length, 'message'), 'quiet'),
        );
      },
    }),
  ];
}

function roomOf({ roomName, pair, roomId }: RecentMessage): string {
  if (pair === null) return roomName ?? roomId;
  return pair.map(({ username }) => username ?? deletedUser).join(' + ');
}

function shortened(text: string): string {
  if (text.length <= maxText) return text;
  return `${text.slice(0, maxText).toWellFormed()}… (${text.length} characters)`;
}
