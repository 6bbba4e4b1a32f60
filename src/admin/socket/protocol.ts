import type { Block, Column, Outcome, Tone } from '../report.ts';

/**
 * What goes over the console's socket: a line of JSON with the command, a line of JSON with what came of it; then the
 * next, or the end. Each side reads the other's lines as if anybody had written them.
 */
export interface SocketRequest {
  /** The command's words, as a shell hands them over, without options. */
  readonly words: readonly string[];
  /** Whether it has been asked for. */
  readonly yes: boolean;
  /** The folder that file names are relative to. */
  readonly folder: string;
}

/** Longest line with a command, in bytes. */
export const maxRequestBytes = 64 * 1024;
/** Longest line with an outcome, in bytes. */
export const maxOutcomeBytes = 64 * 1024 * 1024;

/** Reads a line with a command; null where it is none. */
export function readRequest(line: string): SocketRequest | null {
  const value = parse(line);
  if (!isObject(value)) return null;
  const { words, yes, folder } = value;
  if (!isTexts(words) || typeof yes !== 'boolean' || typeof folder !== 'string') return null;
  return { words, yes, folder };
}

/** Reads a line with an outcome; null where it is none. */
export function readOutcome(line: string): Outcome | null {
  const value = parse(line);
  if (!isObject(value) || !Array.isArray(value['blocks'])) return null;
  const result = results.find((each) => each === value['result']);
  const blocks = value['blocks'].map(readBlock);
  if (result === undefined || !blocks.every((block) => block !== null)) return null;
  return { result, data: value['data'], blocks };
}

/** A request or an outcome as a line. */
export function writeLine(value: SocketRequest | Outcome): string {
  return `${JSON.stringify(value)}\n`;
}

const results: readonly Outcome['result'][] = ['done', 'failed', 'wrong', 'question'];
const tones: readonly Tone[] = ['plain', 'good', 'warning', 'bad', 'quiet'];

function readBlock(value: unknown): Block | null {
  if (!isObject(value)) return null;
  if (value['kind'] === 'sentence') {
    const tone = tones.find((each) => each === value['tone']);
    const { text } = value;
    return typeof text === 'string' && tone !== undefined ? { kind: 'sentence', text, tone } : null;
  }
  const { columns, rows } = value;
  if (value['kind'] !== 'table' || !Array.isArray(columns) || !Array.isArray(rows)) return null;
  return columns.every(isColumn) && rows.every(isTexts) ? { kind: 'table', columns, rows } : null;
}

function isColumn(value: unknown): value is Column {
  return (
    isObject(value) &&
    typeof value['title'] === 'string' &&
    (value['align'] === 'left' || value['align'] === 'right')
  );
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
