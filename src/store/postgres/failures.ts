import { UniqueConflict } from '../../core/store.ts';

/** What an error of the driver means for who waits. PostgreSQL's codes are in its manual, appendix A. */

const awayCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOENT',
  // Closed by the server: told to stop, crashed, starting or stopping, or because we said nothing for too long.
  '57P01',
  '57P02',
  '57P03',
  '57P05',
  '25P03',
  // A standby, where there was a primary before.
  '25006',
]);

/** What the driver says of a lost connection without any code. */
const awayTexts =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout expired|Query read timeout|The server does not|Cannot use a pool)/;

/** Whether the connection is gone, or none was to be had: the statement may go over another one. */
export function isConnectionLost(error: unknown): boolean {
  return causesOf(error).some(
    (each) => awayCodes.has(codeOf(each)) || /^08...$/.test(codeOf(each)) || awayTexts.test(each.message),
  );
}

/** Whether all connections of a pool were in use for as long as one is waited for. */
export function isPoolBusy(error: unknown): boolean {
  return causesOf(error).some(({ message }) => message === 'timeout exceeded when trying to connect');
}

/** Whether the server, or a pooler before it, is there and takes no more connections. Said to who opens one. */
export function isServerFull(error: unknown): boolean {
  return causesOf(error).some(
    (each) =>
      ['53300', '53200'].includes(codeOf(each)) || each.message.startsWith('no more connections allowed'),
  );
}

/**
 * Whether it was nobody's fault, but that of others beside it: a serialization failure, a deadlock, a lock that was not
 * to be had, a row that appeared or went while this one was on its way.
 */
export function isContention(error: unknown): boolean {
  return causesOf(error).some((each) => {
    if (each instanceof UniqueConflict) return each.field === 'other';
    return ['40001', '40P01', '55P03', '23505', '23503'].includes(codeOf(each)) && !isNamedConflict(error);
  });
}

/** Whether a lock was not to be had in time, or two waited for each other. */
export function isLockFailure(error: unknown): boolean {
  return causesOf(error).some((each) => ['40001', '40P01', '55P03'].includes(codeOf(each)));
}

/**
 * Whether the server gave a statement up, over its time or for want of memory. Before the commit that means that nothing
 * was done; it may well be done the next time.
 */
export function isGivenUp(error: unknown): boolean {
  return causesOf(error).some((each) => ['57014', '55P03', '53200'].includes(codeOf(each)));
}

function isNamedConflict(error: unknown): boolean {
  return error instanceof UniqueConflict && error.field !== 'other';
}

/** The error and what it was caused by. */
export function causesOf(error: unknown): Error[] {
  const causes: Error[] = [];
  for (let each: unknown = error; each instanceof Error && causes.length < 10; each = each.cause) {
    causes.push(each);
    // Where a host has several addresses, each has its error.
    if (each instanceof AggregateError) causes.push(...each.errors.filter((one) => one instanceof Error));
  }
  return causes;
}

/** The code of a system's or the server's error, or nothing. */
export function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}
