import { DrizzleQueryError } from 'drizzle-orm/errors';
import { type ErrorCode, Refusal, type RefusalMembers } from '../core/errors.ts';
import { StoreFailure, UniqueConflict } from '../core/store.ts';

/** What came of a call, in words that survive the way between threads. */
export type Outcome =
  | { readonly kind: 'done'; readonly output: unknown }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly members: RefusalMembers }
  | { readonly kind: 'conflict'; readonly field: UniqueConflict['field'] }
  | { readonly kind: 'failed'; readonly message: string; readonly stack: string };

/** What a thrown error is told as. */
export function outcomeOf(error: unknown): Exclude<Outcome, { kind: 'done' }> {
  // One that came up on the way to the database.
  if (error instanceof DrizzleQueryError && error.cause instanceof Refusal) return outcomeOf(error.cause);
  if (error instanceof Refusal) return { kind: 'refused', code: error.code, members: error.members };
  if (error instanceof UniqueConflict) return { kind: 'conflict', field: error.field };
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return { kind: 'failed', message: messageOf(error), stack: stack.replace(/^.*?(\n(?= {4}at )|$)/s, '') };
}

/** The messages of an error and its causes, without what was in a query. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // drizzle writes the parameters of a failed query into its message, secrets and all.
  const own = error instanceof DrizzleQueryError ? 'a query failed' : error.message;
  return error.cause === undefined ? own : `${own}: ${messageOf(error.cause)}`;
}

/** The error that an outcome tells of. */
export function errorOf(outcome: Exclude<Outcome, { kind: 'done' }>, transaction: string): Error {
  if (outcome.kind === 'refused') return new Refusal(outcome.code, outcome.members);
  if (outcome.kind === 'conflict') return new UniqueConflict(outcome.field);
  const cause = new Error(outcome.message);
  cause.stack = `Error: ${outcome.message}\n${outcome.stack}`;
  return new StoreFailure(`the transaction ${transaction} failed`, cause);
}
