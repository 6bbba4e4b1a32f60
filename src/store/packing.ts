/** Values on their way into a transaction function and out of it: only what can be cloned, and none shared. */

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
