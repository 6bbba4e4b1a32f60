/**
 * Reads a small JSON object without duplicate members, as a JWE header or a JWK has to be. Null otherwise. Meant for
 * flat objects: it compares the members found with the colons outside of strings.
 */
export function parseJsonObject(text: string): Record<string, unknown> | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return colonsOutsideStrings(text) === countMembers(value) ? (value as Record<string, unknown>) : null;
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner = Object.values(value);
  let members = Array.isArray(value) ? 0 : inner.length;
  for (const each of inner) members += countMembers(each);
  return members;
}

function colonsOutsideStrings(text: string): number {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1;
}
