import { type Refusal, errorCatalogue } from '../../core/errors.ts';
import type { KeptOut } from '../../core/live/events.ts';

/** Longest text that is passed on in an error or a farewell, in characters: they have to fit into a frame. */
const maxCharacters = 1_000;

/** A refusal in words, for ERR. */
export function explain({ code, members }: Refusal): string {
  const text = members.detail ?? errorCatalogue[code].title;
  const later = members.retryAfter === undefined ? '' : `; try again in ${members.retryAfter} s`;
  return `${text}${later}`.slice(0, maxCharacters);
}

/** What somebody is told who is kept out, for DIS. */
export function farewell({ kind, reason, until }: Omit<KeptOut, 'at'>): string {
  const what = { kicked: 'You were kicked', banned: 'You are banned', killed: 'You were disconnected' }[kind];
  const end =
    until === null ? '' : ` until ${new Date(until).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const why = reason === '' ? '' : `: ${reason}`;
  return `${what}${end}${why}`.slice(0, maxCharacters);
}
