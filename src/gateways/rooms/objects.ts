import type { RequestType } from './requests.ts';
import { piecesOf } from './text-pieces.ts';

/** What the existing clients take in one read. Nothing that is sent to them is longer. */
export const maxObjectBytes = 1024;

/** What was asked for was done. */
export function okObject(type: RequestType): Buffer {
  return write({ type, status: 'ok' });
}

/** It was not, and why. */
export function errorObject(type: RequestType, reason: string): Buffer {
  return writeFitting({ type, status: 'error' }, reason);
}

/** The user is in the room now. */
export function enteredObject(room: string): Buffer {
  return write({ type: 'pending_room', status: 'ok', room });
}

/** A text that was said in a room: in as many objects as it takes. */
export function publicObjects(room: string, user: string, text: string): Buffer[] {
  const empty = write({ type: 'public', room, user, message: '' });
  return piecesOf(text, maxObjectBytes - empty.length).map((message) =>
    write({ type: 'public', room, user, message }),
  );
}

/**
 * Who signs in learns which rooms there are, and which they are in. Rooms of the user's that the object has no place for
 * follow as if they were entered now; of the others there is no further word, but they can be asked for by name.
 */
export function signedInObjects(allRooms: readonly string[], ownRooms: readonly string[]): Buffer[] {
  const answer = { type: 'signin', status: 'ok' };
  const spare = maxObjectBytes - write({ ...answer, all_rooms: [], rooms: [] }).length;
  const all = fitting(allRooms, spare);
  const own = fitting(ownRooms, spare - all.bytes);
  const first = write({ ...answer, all_rooms: all.names, rooms: own.names });
  return [first, ...ownRooms.slice(own.names.length).map(enteredObject)];
}

/** Somebody may not sign in, or is put out: for a while, or until further notice. */
export type KeptOutWord =
  | { readonly type: 'signin'; readonly status: 'kick' | 'ban' }
  | { readonly type: 'kick' | 'kick_ip' | 'ban' | 'ban_ip' | 'kill' };

/** @param until for a kick, when it ends: milliseconds since 1970 */
export function keptOutObject(word: KeptOutWord, until: number | null, reason: string): Buffer {
  const isKick =
    word.type === 'kick' || word.type === 'kick_ip' || (word.type === 'signin' && word.status === 'kick');
  return writeFitting(isKick ? { ...word, timeout: moment(until) } : word, reason);
}

/** `YYYY-MM-DD HH:MM:SS`, UTC. */
function moment(time: number | null): string {
  return time === null ? '' : new Date(time).toISOString().slice(0, 19).replace('T', ' ');
}

function fitting(names: readonly string[], spare: number): { names: string[]; bytes: number } {
  const fit: string[] = [];
  let bytes = 0;
  for (const name of names) {
    const more = Buffer.byteLength(JSON.stringify(name)) + (fit.length === 0 ? 0 : 1);
    if (bytes + more > spare) break;
    bytes += more;
    fit.push(name);
  }
  return { names: fit, bytes };
}

/** The object with a reason, cut to what there is room for. */
function writeFitting(members: Readonly<Record<string, string>>, reason: string): Buffer {
  const spare = maxObjectBytes - write({ ...members, reason: '' }).length;
  return write({ ...members, reason: piecesOf(reason, spare)[0] ?? '' });
}

function write(members: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(JSON.stringify(members));
}
