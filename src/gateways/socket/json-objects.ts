/** What came out of a stream of JSON objects. */
export type JsonReading =
  | { readonly kind: 'object'; readonly value: Readonly<Record<string, unknown>> }
  /** The stream cannot be followed any more. */
  | { readonly kind: 'lost'; readonly problem: string };

const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const quote = 0x22;
const backslash = 0x5c;

/** Between two objects: space, tab, line ends, and the NUL that some clients end with. */
const separators: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0x00]);
/** Names that mean something to JavaScript objects, and nothing in these protocols. */
const forbiddenNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Cuts one JSON object after another out of bytes that come in pieces of any size, without a separator between. Knows no
 * socket. After `lost` it reads nothing more.
 */
export class JsonObjectReader {
  private readonly maxBytes: number;
  private readonly maxDepth: number;
  private pending: Buffer[] = [];
  private length = 0;
  private depth = 0;
  private isInString = false;
  private isEscaped = false;
  private isLost = false;

  /** @param limits.bytes of one object, default 64 KiB; `limits.depth` levels of nesting, default 16 */
  constructor(limits: { bytes?: number; depth?: number } = {}) {
    this.maxBytes = limits.bytes ?? 64 * 1024;
    this.maxDepth = limits.depth ?? 16;
  }

  /** Whether nothing has begun that is not whole. */
  get isBetween(): boolean {
    return this.depth === 0;
  }

  /** Everything that is whole with these bytes, in order. */
  consume(bytes: Buffer): JsonReading[] {
    const readings: JsonReading[] = [];
    let start = 0;
    for (let at = 0; at < bytes.length && !this.isLost; at++) {
      const byte = bytes[at] ?? 0;
      if (this.depth === 0) {
        if (separators.has(byte)) {
          start = at + 1;
          continue;
        }
        if (byte !== openBrace) return [...readings, this.lose('no JSON object begins here')];
        start = at;
      }
      if (this.length + (at - start) >= this.maxBytes) {
        return [...readings, this.lose('an object over the limit')];
      }
      this.step(byte);
      if (this.depth > this.maxDepth) return [...readings, this.lose('nested too deeply')];
      if (this.depth === 0) {
        readings.push(this.take(bytes.subarray(start, at + 1)));
        start = at + 1;
      }
    }
    if (this.depth > 0 && !this.isLost) {
      this.pending.push(Buffer.from(bytes.subarray(start)));
      this.length += bytes.length - start;
    }
    return readings;
  }

  private step(byte: number): void {
    if (this.isInString) {
      if (this.isEscaped) this.isEscaped = false;
      else if (byte === backslash) this.isEscaped = true;
      else if (byte === quote) this.isInString = false;
    } else if (byte === quote) this.isInString = true;
    else if (byte === openBrace || byte === openBracket) this.depth += 1;
    else if (byte === closeBrace || byte === closeBracket) this.depth -= 1;
  }

  private take(last: Buffer): JsonReading {
    const bytes = this.pending.length === 0 ? last : Buffer.concat([...this.pending, last]);
    this.pending = [];
    this.length = 0;
    return parseObject(bytes) ?? this.lose('this is no JSON');
  }

  private lose(problem: string): JsonReading {
    this.isLost = true;
    this.pending = [];
    return { kind: 'lost', problem };
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function parseObject(bytes: Buffer): JsonReading | null {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    if (Object.keys(value).some((name) => forbiddenNames.has(name))) return null;
    return { kind: 'object', value: value as Record<string, unknown> };
  } catch {
    return null;
  }
}

/** The one object that the bytes are, for a protocol whose messages are cut already; null where they are none. */
export function readJsonObject(bytes: Buffer): Readonly<Record<string, unknown>> | null {
  const reader = new JsonObjectReader();
  const [first, another] = reader.consume(bytes);
  const isAlone = another === undefined && reader.isBetween;
  return first?.kind === 'object' && isAlone ? first.value : null;
}
