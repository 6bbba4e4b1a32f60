import type { LogFields, Logger } from './core/logger.ts';

/** Where lines go. */
export interface LogSink {
  write(line: string): void;
}

export interface LoggerOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Lines for people rather than JSON. Default: when stderr is a terminal */
  readonly pretty?: boolean;
  readonly sink?: LogSink;
  readonly now?: () => Date;
}

const ranks = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 } as const;
type Level = Exclude<keyof typeof ranks, 'silent'>;

/**
 * Members that are never written, whatever they hold: a net below the rule that nobody hands a secret to a logger.
 */
const secretName =
  /pass(word|phrase)|secret|token|cookie|authorization|^(key|code|payload|plaintext|body|message)$/i;

/** The program's log: JSON lines on stderr, or readable ones in a terminal. */
export function createLogger(options: LoggerOptions): Logger {
  const pretty = options.pretty ?? process.stderr.isTTY;
  const sink = options.sink ?? process.stderr;
  const now = options.now ?? (() => new Date());
  const write = (level: Level, subsystem: string | null, message: string, fields: LogFields): void => {
    if (ranks[level] < ranks[options.level]) return;
    const entry = { at: now().toISOString(), level, subsystem, message, fields: shown(fields) };
    sink.write(escapeControls(pretty ? prettyLine(entry) : jsonLine(entry)) + '\n');
  };
  const under = (subsystem: string | null): Logger => ({
    writesDebug: ranks.debug >= ranks[options.level],
    debug: (message, fields = {}) => write('debug', subsystem, message, fields),
    info: (message, fields = {}) => write('info', subsystem, message, fields),
    warn: (message, fields = {}) => write('warn', subsystem, message, fields),
    error: (message, fields = {}) => write('error', subsystem, message, fields),
    child: (name) => under(name),
  });
  return under(null);
}

interface Entry {
  readonly at: string;
  readonly level: Level;
  readonly subsystem: string | null;
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

function jsonLine({ at, level, subsystem, message, fields }: Entry): string {
  return JSON.stringify({ at, level, ...(subsystem === null ? {} : { subsystem }), message, ...fields });
}

function prettyLine({ at, level, subsystem, message, fields }: Entry): string {
  const { error, ...others } = fields;
  const facts = Object.entries(others).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  const where = subsystem === null ? '' : `[${subsystem}] `;
  const trace = error === undefined ? '' : ` ${JSON.stringify(error)}`;
  return `${at.slice(11, 19)} ${level.padEnd(5)} ${where}${message}${facts.join('')}${trace}`;
}

/** Nothing from outside forges a line, or acts in the terminal that shows it: C0, C1, line and direction marks. */
function escapeControls(line: string): string {
  return line.replaceAll(
    /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function shown(fields: LogFields): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) result[name] = showValue(name, value, 0);
  return result;
}

function showValue(name: string, value: unknown, depth: number): unknown {
  if (secretName.test(name)) return '[hidden]';
  if (value instanceof Error) return showError(value, depth);
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > 4) return '[deep]';
  if (Array.isArray(value)) return value.slice(0, 50).map((item) => showValue('', item, depth + 1));
  const result: Record<string, unknown> = {};
  for (const [inner, member] of Object.entries(value)) result[inner] = showValue(inner, member, depth + 1);
  return result;
}

function showError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const frames = stack?.split('\n').filter((line) => line.startsWith('    at ')) ?? [];
  const code = 'code' in error ? { reason: String(error.code) } : {};
  const because = cause === undefined || depth > 4 ? {} : { cause: showValue('cause', cause, depth + 1) };
  // Not `message`: that name is for what the program says itself.
  return {
    name,
    text: message,
    ...code,
    at: frames.slice(0, 12).map((frame) => frame.trim().slice(3)),
    ...because,
  };
}
