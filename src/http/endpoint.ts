import type { z } from 'zod';
import type { SealedCaller } from '../core/caller.ts';
import { type ErrorCode, Refusal } from '../core/errors.ts';

/** The last path segment where a path has a parameter, else an empty string. */
export type PathParameter = string;

/**
 * A sealed endpoint, described once: the dispatcher, the OpenAPI document and the page at `/docs` are made from it.
 */
export interface Endpoint<Input = never, Result = never> {
  /** As Hono writes it, e.g. `/encrypt/:username`. */
  readonly path: string;
  readonly group: string;
  readonly summary: string;
  /** Whether somebody has to be logged in. */
  readonly login: boolean;
  /** Whether it changes something, so that `idem` works on it. */
  readonly changes: boolean;
  /** The fields of the opened payload. */
  readonly input: z.ZodType<Input>;
  /** The fields of the opened answer. */
  readonly output: z.ZodType;
  /** Codes of its own, beside those that any sealed request may get. */
  readonly refusals: readonly ErrorCode[];
  readonly handle: (caller: SealedCaller, input: Input, parameter: PathParameter) => Result | Promise<Result>;
  /** Whether the answer is a stream of sealed events; `handle` then returns its `EventPlan`. */
  readonly streams?: true;
  /** What `handle` returned, in the words of the wire. Must not depend on anything else: `idem` replays it. */
  readonly present: (result: Result) => unknown;
}

/** An endpoint whose types are no longer needed outside of itself. */
export interface AnyEndpoint extends Omit<Endpoint, 'input' | 'handle' | 'present'> {
  readonly input: z.ZodType;
  readonly handle: (caller: SealedCaller, input: unknown, parameter: PathParameter) => unknown;
  readonly present: (result: unknown) => unknown;
}

/** Checks an endpoint's types against each other and puts them out of sight. */
export function endpoint<Input, Result>(description: Endpoint<Input, Result>): AnyEndpoint {
  return {
    ...description,
    handle: (caller, input, parameter) =>
      description.handle(caller, checkInput(description.input, input), parameter),
    present: (result) => description.present(result as Result),
  };
}

/** @throws Refusal `invalid_input`, field by field */
export function checkInput<Input>(schema: z.ZodType<Input>, value: unknown): Input {
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const errors: Record<string, string> = {};
  for (const issue of checked.error.issues) {
    if (issue.code === 'unrecognized_keys') {
      // The library's own words would repeat the names as they came.
      for (const name of issue.keys) errors[shown(name)] ??= 'there is no such field';
    } else {
      errors[shown(issue.path.join('.') || 'payload')] ??= issue.message;
    }
  }
  throw new Refusal('invalid_input', { errors });
}

/** A Refusal for a field whose text has an unpaired surrogate. */
export function illFormedText(field: string): Refusal {
  return new Refusal('invalid_input', { errors: { [shown(field)]: 'is not well-formed Unicode' } });
}

/** A field's name as far as it is safe and useful to repeat it. */
function shown(name: string): string {
  return name.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 64);
}
