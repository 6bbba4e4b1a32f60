import { openUnder, sealUnder } from './at-rest.ts';

/** What a stored message belongs to: moved to another place, or to an earlier edition, it does not open. */
export interface MessagePlace {
  readonly roomId: string;
  readonly seq: number;
  readonly revision: number;
}

/** Bytes of a data key. */
export const dataKeyBytes = 32;

/** Seals a message's text under a data key (PROTOCOL.md §7). */
export function sealMessageBody(dataKey: Buffer, place: MessagePlace, text: string): Buffer {
  return sealUnder(dataKey, bindTo(place), text);
}

/** The text of a stored message, or null when it is not this message's, or altered. */
export function openMessageBody(dataKey: Buffer, place: MessagePlace, sealed: Buffer): string | null {
  return openUnder(dataKey, bindTo(place), sealed)?.toString() ?? null;
}

function bindTo({ roomId, seq, revision }: MessagePlace): Buffer {
  return Buffer.from(`message 1\n${roomId}\n${seq}\n${revision}`);
}
