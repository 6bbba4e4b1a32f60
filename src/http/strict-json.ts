import { isUtf8 } from 'node:buffer';

/** How much structure a body may have. */
export interface JsonLimits {
  /** Levels of nesting. Default 16 */
  readonly depth: number;
  /** Members and items in all. Default 1,000 */
  readonly members: number;
}

export type JsonReading =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly problem: string;
      /** The member of the outermost object whose text has an unpaired surrogate, where that is what is wrong. */
      readonly field?: string;
    };

const defaultLimits: JsonLimits = { depth: 16, members: 1000 };

/** Names that mean something to JavaScript objects, and nothing in this protocol. */
const forbiddenNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Reads JSON strictly: valid UTF-8, no duplicate members, no unpaired surrogates, no number beyond a double, bounded
 * depth and size.
 *
 * The engine's parser does the work; one scan over the text before it bounds the nesting and counts the members. A
 * duplicate member is one that was written and is not in the value.
 */
export function parseStrictJson(bytes: Buffer, limits: JsonLimits = defaultLimits): JsonReading {
  if (!isUtf8(bytes)) return problem('It is not valid UTF-8');
  const text = bytes.toString('utf8');
  if (text === '{}') return { ok: true, value: {} };
  const outline = scan(text);
  if (outline.depth > limits.depth) return problem('It is nested too deeply');
  // Both undercount, but bound what the parser makes: the rest is counted in the value.
  if (Math.max(outline.members, outline.separators) > limits.members)
    return problem('It has too many members');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return problem('It is not JSON');
  }
  const found = { members: 0, items: 0 };
  if (!inspect(value, text.includes('\\u'), found)) {
    const field = illFormedField(value);
    return {
      ...problem('It has a name or a value that is not allowed'),
      ...(field === null ? {} : { field }),
    };
  }
  if (found.members !== outline.members) return problem('It has a member twice');
  if (found.members + found.items > limits.members) return problem('It has too many members');
  return { ok: true, value };
}

const quote = 0x22;
const backslash = 0x5c;

/** What stands outside of strings: nesting, members (colons), separators (commas). */
function scan(text: string): { depth: number; members: number; separators: number } {
  let depth = 0;
  let level = 0;
  let members = 0;
  let separators = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at);
        break;
      case 0x7b:
      case 0x5b:
        level += 1;
        if (level > depth) depth = level;
        break;
      case 0x7d:
      case 0x5d:
        level -= 1;
        break;
      case 0x3a:
        members += 1;
        break;
      case 0x2c:
        separators += 1;
        break;
      default:
    }
  }
  return { depth, members, separators };
}

/** Where the string that begins here ends; the end of the text when it does not. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === backslash) backslashes += 1;
    if (backslashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

/**
 * Counts members and items; false when a name or value may not be.
 *
 * @param escapes whether `\u` occurs at all: UTF-8 that is valid has no unpaired surrogates of its own
 */
function inspect(value: unknown, escapes: boolean, found: { members: number; items: number }): boolean {
  if (typeof value === 'string') return !escapes || value.isWellFormed();
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) {
    found.items += value.length;
    return value.every((item) => inspect(item, escapes, found));
  }
  const members: [string, unknown][] = Object.entries(value);
  found.members += members.length;
  return members.every(
    ([name, member]) =>
      !forbiddenNames.has(name) && (!escapes || name.isWellFormed()) && inspect(member, escapes, found),
  );
}

function illFormedField(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const members: [string, unknown][] = Object.entries(value);
  const found = members.find(([, member]) => typeof member === 'string' && !member.isWellFormed());
  return found?.[0].isWellFormed() === true ? found[0] : null;
}

function problem(text: string): JsonReading {
  return { ok: false, problem: text };
}
