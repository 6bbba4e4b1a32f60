import { createHash } from 'node:crypto';
import type { Subjects } from '../../core/transaction-subjects.ts';
import type { PostgresOptions } from './options.ts';

/** How long a call waits for who is there before it, each time it tries. Milliseconds. */
const lockMilliseconds = 4_000;
/** What runs alone holds up everybody while it waits. */
const aloneLockMilliseconds = 1_000;
/** After this long without a word the server ends a transaction: its node hangs, or is cut off. */
const silenceMilliseconds = 3_000;

const everything = lockNumber('everything');

/**
 * The text that begins a transaction and takes the locks of its subjects, in one message to the server. Everything in it
 * ends with the transaction, so that it may go through a pooler.
 *
 * The lock that keeps out what runs alone comes last: who waits for a room holds up nobody.
 */
export function beginText(subjects: Subjects, { statement }: Pick<PostgresOptions, 'statement'>): string {
  const settings = {
    statement_timeout: statement,
    // Before the statement's own time is over: to have waited in vain is another thing than to have failed.
    lock_timeout: Math.min(
      Math.ceil(statement * 0.8),
      subjects === 'alone' ? aloneLockMilliseconds : lockMilliseconds,
    ),
    idle_in_transaction_session_timeout: silenceMilliseconds,
  };
  const set = Object.entries(settings).map(([name, value]) => `set_config('${name}', '${value}', true)`);
  const locks =
    subjects === 'alone'
      ? [`SELECT pg_advisory_xact_lock(${everything})`]
      : [
          ...lockNumbers(subjects).map((number) => `SELECT pg_advisory_xact_lock(${number})`),
          `SELECT pg_advisory_xact_lock_shared(${everything})`,
        ];
  return [
    'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE',
    `SELECT ${[...set, durable].join(', ')}`,
    ...locks,
  ].join('; ');
}

/** What is acknowledged is on disk, even where the server was told not to wait for that. */
const durable = `set_config('synchronous_commit',
  CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, true)`;

/** In an order that is the same everywhere, so that no two wait for each other. */
function lockNumbers(subjects: readonly string[]): bigint[] {
  return [...new Set(subjects.map(lockNumber))].sort((one, other) => (one < other ? -1 : 1));
}

/** The number of a subject's lock: 64 bits of its hash. Two subjects that share one wait for each other, no more. */
export function lockNumber(subject: string): bigint {
  return createHash('sha256').update(`letterlock ${subject}`).digest().readBigInt64BE(0);
}
