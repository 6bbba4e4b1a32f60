/** A request as it came: its id in the clear, its fields each encrypted by itself. */
export type RequestReading =
  | { readonly ok: true; readonly sessionKey: string; readonly fields: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads the body of a request: `session_key`, every field named, and nothing else; all of them texts.
 *
 * @param optional fields that may be there too, and say nothing that is not known otherwise
 */
export function readRequestForm(
  body: unknown,
  names: readonly string[],
  optional: readonly string[] = [],
): RequestReading {
  const wanted = ['session_key', ...names];
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return { ok: false, problem: 'It is no JSON object' };
  }
  const members = new Map<string, unknown>(Object.entries(body));
  const fields: Record<string, string> = {};
  for (const name of wanted) {
    const value = members.get(name);
    if (typeof value !== 'string') return { ok: false, problem: `It needs "${name}", a text` };
    fields[name] = value;
    members.delete(name);
  }
  for (const name of optional) members.delete(name);
  if (members.size > 0) return { ok: false, problem: `It has more than ${wanted.join(', ')}` };
  const { session_key: sessionKey = '', ...others } = fields;
  return { ok: true, sessionKey, fields: others };
}
