import type { StoreCounts } from '../core/maintenance.ts';

/** `1 user`, `2 users`. */
export function numberOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** How much there is, without the sessions. */
export function countsInWords(counts: StoreCounts): string {
  const { users, rooms, messages, auditEntries } = counts;
  const audit = `${auditEntries} ${auditEntries === 1 ? 'entry' : 'entries'} in the audit log`;
  return [numberOf(users, 'user'), numberOf(rooms, 'room'), numberOf(messages, 'message'), audit].join(', ');
}
