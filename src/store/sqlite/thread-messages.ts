import { type ErrorCode, Refusal, type RefusalMembers } from '../../core/errors.ts';
import { StoreFailure, UniqueConflict } from '../../core/store.ts';

/** What the main thread and the writer thread say to each other. */

/** One call of a transaction function. */
export interface Call {
  readonly name: string;
  readonly input: unknown;
}

/** What came of a call, in words that survive the way between threads. */
export type Outcome =
  | { readonly kind: 'done'; readonly output: unknown }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly members: RefusalMembers }
  | { readonly kind: 'conflict'; readonly field: UniqueConflict['field'] }
  | { readonly kind: 'failed'; readonly message: string; readonly stack: string };

export type ToWriter =
  { readonly kind: 'batch'; readonly calls: readonly Call[] } | { readonly kind: 'close' };

export type FromWriter =
  | { readonly kind: 'ready' }
  | { readonly kind: 'cannot open'; readonly sentence: string }
  | { readonly kind: 'committed'; readonly outcomes: readonly Outcome[] }
  | { readonly kind: 'closed' };

/**
 * Copies bytes out of Node's shared pools, because a cloned view takes all the memory behind it along; anything that
 * cannot be cloned fails here, where it concerns one call only.
 */
export function pack(value: unknown): unknown {
  if (value === null || typeof value !== 'object') {
    if (typeof value === 'function' || typeof value === 'symbol')
      throw new TypeError(`a ${typeof value} cannot be sent`);
    return value;
  }
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(pack);
  return mapMembers(value, pack);
}

/** Makes Buffers of the bytes again. */
export function unpack(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value)) return value.map(unpack);
  return mapMembers(value, unpack);
}

function mapMembers(value: object, map: (member: unknown) => unknown): Record<string, unknown> {
  const mapped: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) mapped[name] = map(member);
  return mapped;
}

/** What a thrown error is told as. */
export function outcomeOf(error: unknown): Outcome {
  if (error instanceof Refusal) return { kind: 'refused', code: error.code, members: error.members };
  if (error instanceof UniqueConflict) return { kind: 'conflict', field: error.field };
  if (!(error instanceof Error)) return { kind: 'failed', message: String(error), stack: '' };
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  // drizzle writes the parameters of a failed query into its message, secrets and all: only its cause is told.
  const message = error.name === 'DrizzleQueryError' ? `a query failed${cause}` : `${error.message}${cause}`;
  return { kind: 'failed', message, stack: (error.stack ?? '').replace(/^.*?\n(?= {4}at )/s, '') };
}

/** The error that an outcome tells of. */
export function errorOf(outcome: Exclude<Outcome, { kind: 'done' }>, transaction: string): Error {
  if (outcome.kind === 'refused') return new Refusal(outcome.code, outcome.members);
  if (outcome.kind === 'conflict') return new UniqueConflict(outcome.field);
  const cause = new Error(outcome.message);
  cause.stack = `Error: ${outcome.message}\n${outcome.stack}`;
  return new StoreFailure(`the transaction ${transaction} failed`, cause);
}
