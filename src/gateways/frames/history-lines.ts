import { type MessageView, deletedUser } from '../../core/live/events.ts';
import { frameOf, maxDataBytes } from './codec.ts';

/** Messages in a conversation's history at most. */
export const maxLines = 200;

const head = '{"history":[';
const tail = ']}';
const room = maxDataBytes - head.length - tail.length;
const mark = '…';

/** A message's line as JSON, and how long that is. */
export interface HistoryLine {
  readonly json: string;
  readonly bytes: number;
}

/** The line of a message: `[YYYY-MM-DD HH:MM:SS] name: text`, UTC. Null for one that was deleted. */
export function lineOf({
  sender,
  text,
  sentAt,
}: Pick<MessageView, 'sender' | 'text' | 'sentAt'>): HistoryLine | null {
  if (text === null) return null;
  const time = new Date(sentAt).toISOString().slice(0, 19).replace('T', ' ');
  const start = `[${time}] ${sender ?? deletedUser}: `;
  const line = jsonOf(start + onOneLine(text));
  return line.bytes <= room ? line : shortened(start, onOneLine(text));
}

/** A frame of the lines, in order; the oldest are left out until it fits. Null when there are none. */
export function encodeHistory(lines: readonly HistoryLine[]): Buffer | null {
  let bytes = 0;
  let from = lines.length;
  for (; from > 0; from--) {
    const more = (lines[from - 1]?.bytes ?? 0) + (bytes === 0 ? 0 : 1);
    if (bytes + more > room) break;
    bytes += more;
  }
  if (from === lines.length) return null;
  const json = lines
    .slice(from)
    .map((line) => line.json)
    .join(',');
  return frameOf('HIS', Buffer.from(`${head}${json}${tail}`));
}

/**
 * Programs show one line under the other: further lines of a text are indented, so that none of them passes for a
 * message of somebody else's.
 */
function onOneLine(text: string): string {
  return text.replaceAll(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/g, '\n    ');
}

function jsonOf(text: string): HistoryLine {
  const json = JSON.stringify(text);
  return { json, bytes: Buffer.byteLength(json) };
}

/** As much of a long text as fits. Escapes make JSON up to six times as long as what it stands for. */
function shortened(start: string, text: string): HistoryLine {
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (jsonOf(start + cutAt(text, middle) + mark).bytes <= room) low = middle;
    else high = middle - 1;
  }
  return jsonOf(start + cutAt(text, low) + mark);
}

/** Not between the halves of a surrogate pair. */
function cutAt(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? length - 1 : length);
}
