import { DrizzleQueryError } from 'drizzle-orm/errors';
import { type ErrorCode, Refusal, type RefusalMembers } from '../../core/errors.ts';
import { StoreFailure, UniqueConflict } from '../../core/store.ts';

/** What the main thread and the writer thread say to each other. */

/** What the writer thread is started with. */
export interface WriterOptions {
  readonly path: string;
  readonly migrationsFolder: string;
  /** URL of the module that exports `createTransactions(environment)`. */
  readonly module: string;
  readonly environment: unknown;
}

/** One call of a transaction function. */
export interface Call {
  readonly name: string;
  readonly input: unknown;
}

/** The store's own call: no function of core has a name like this. */
export const checkCall = 'store: check';

/** What came of a call, in words that survive the way between threads. */
export type Outcome =
  | { readonly kind: 'done'; readonly output: unknown }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly members: RefusalMembers }
  | { readonly kind: 'conflict'; readonly field: UniqueConflict['field'] }
  | { readonly kind: 'failed'; readonly message: string; readonly stack: string };

/** What came of a batch. Where `isDurable` is false, nothing of it was done. */
export interface Committed {
  readonly kind: 'committed';
  readonly isDurable: boolean;
  readonly outcomes: readonly Outcome[];
}

export type ToWriter =
  { readonly kind: 'batch'; readonly calls: readonly Call[] } | { readonly kind: 'close' };

export type FromWriter =
  | { readonly kind: 'ready'; readonly created: boolean }
  | { readonly kind: 'cannot open'; readonly sentence: string; readonly isTooNew: boolean }
  | Committed;

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
  return isPlain(value) ? mapMembers(value, pack) : structuredClone(value);
}

/** Makes Buffers of the bytes again, in arrays and plain objects; in a Map or Set they stay Uint8Arrays. */
export function unpack(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value)) return value.map(unpack);
  return isPlain(value) ? mapMembers(value, unpack) : value;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function mapMembers(value: object, map: (member: unknown) => unknown): object {
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, map(member)]));
}

/** What a thrown error is told as. */
export function outcomeOf(error: unknown): Outcome {
  if (error instanceof Refusal) return { kind: 'refused', code: error.code, members: error.members };
  if (error instanceof UniqueConflict) return { kind: 'conflict', field: error.field };
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return { kind: 'failed', message: messageOf(error), stack: stack.replace(/^.*?(\n(?= {4}at )|$)/s, '') };
}

/** The messages of an error and its causes. */
function messageOf(error: unknown): string {
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
