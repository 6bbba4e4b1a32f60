import { parseStrictJson } from './strict-json.ts';

/** The outer body of a sealed request (PROTOCOL.md §2). */
export type Envelope =
  { readonly sessionKey: string; readonly payload: string } | { readonly problem: string };

/**
 * The spelling nearly all clients send, with or without spaces after the signs: two texts of base64url and dots, in
 * this order. It needs no parser, which would take half as long again, and no check of UTF-8: all of it is ASCII.
 */
const usualForm = /^\{"session_key": ?"([\w-]{1,128})", ?"payload": ?"([\w.-]+)"\}$/;

/** Reads `{"session_key": "…", "payload": "…"}` with exactly these two members. */
export function readEnvelope(bytes: Buffer): Envelope {
  const match = usualForm.exec(bytes.toString('latin1'));
  if (match?.[1] !== undefined && match[2] !== undefined) return { sessionKey: match[1], payload: match[2] };
  const parsed = parseStrictJson(bytes);
  if (!parsed.ok) return parsed;
  const { value } = parsed;
  if (
    isObject(value) &&
    Object.keys(value).length === 2 &&
    typeof value['session_key'] === 'string' &&
    typeof value['payload'] === 'string'
  ) {
    return { sessionKey: value['session_key'], payload: value['payload'] };
  }
  return { problem: 'It needs "session_key" and "payload", both texts, and nothing else' };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
