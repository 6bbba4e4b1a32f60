import { BlockList, isIP } from 'node:net';

/** What an address is called that cannot be read. */
export const unknownAddress = 'unknown';

/**
 * The one spelling of an address: IPv4-mapped IPv6 as IPv4, without a zone, IPv6 compressed and in lower case (RFC
 * 5952); `unknown` for what is no address. Every ban and limit looks at addresses in this form.
 */
export function canonicalAddress(text: string): string {
  const kind = isIP(text);
  if (kind === 4) return text;
  if (kind !== 6) return unknownAddress;
  const groups = expand(text.replace(/%.*$/, ''));
  return isMappedIpv4(groups) ? toIpv4(groups) : compress(groups);
}

/** What limits count by: an IPv4 address, or the /64 an IPv6 address is in, since a customer has all of that. */
export function addressGroup(text: string): string {
  const address = canonicalAddress(text);
  if (isIP(address) !== 6) return address;
  return `${compress([...expand(address).slice(0, 4), 0, 0, 0, 0])}/64`;
}

/** The 16 bytes of a canonical address, an IPv4 one in its mapped form (RFC 4291 §2.5.5.2): they sort as addresses do. */
export function addressBytes(address: string): Buffer {
  const groups =
    isIP(address) === 4
      ? [0, 0, 0, 0, 0, 0xffff, ...expand(`::${address}`).slice(6)]
      : expand(address.replace(/%.*$/, ''));
  const bytes = Buffer.alloc(16);
  for (const [at, group] of groups.entries()) bytes.writeUInt16BE(group, 2 * at);
  return bytes;
}

/**
 * An address or a range in its one spelling: without the bits that its length leaves open, and without a length where
 * it is a single address. Null for what is none.
 */
export function canonicalRange(text: string): string | null {
  const [address = '', length, ...rest] = text.split('/');
  const given = isIP(address);
  if (given === 0 || rest.length > 0) return null;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return null;
  const canonical = canonicalAddress(address);
  const isMapped = given === 6 && isIP(canonical) === 4;
  const bits = isIP(canonical) === 4 ? 32 : 128;
  const kept = length === undefined ? bits : Number(length) - (isMapped ? 96 : 0);
  if (kept < 0 || kept > bits) return null;
  const { first } = edgesOf(canonical, kept);
  const groups = Array.from({ length: 8 }, (_, at) => first.readUInt16BE(2 * at));
  const spelled = bits === 32 ? toIpv4(groups) : compress(groups);
  return kept === bits ? spelled : `${spelled}/${kept}`;
}

/** The first and the last address of a canonical range, as `addressBytes`. */
export function rangeEdges(range: string): { first: Buffer; last: Buffer } {
  const [address = '', length] = range.split('/');
  return edgesOf(address, length === undefined ? 128 : Number(length));
}

function edgesOf(address: string, length: number): { first: Buffer; last: Buffer } {
  const kept = isIP(address) === 4 ? Math.min(128, length + 96) : length;
  const first = addressBytes(address);
  const last = Buffer.from(first);
  for (let at = 0; at < 16; at++) {
    const open = Math.min(8, Math.max(0, 8 * (at + 1) - kept));
    const mask = 0xff >> (8 - open);
    first.writeUInt8(first.readUInt8(at) & ~mask, at);
    last.writeUInt8(last.readUInt8(at) | mask, at);
  }
  return { first, last };
}

/** Addresses and ranges in CIDR form, e.g. of proxies whose word is taken. */
export class AddressRanges {
  private readonly list = new BlockList();

  /** @throws Error from Node where one of the ranges is none */
  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const [address = '', bits] = range.split('/');
      const canonical = canonicalAddress(address);
      const family = isIP(canonical) === 6 ? 'ipv6' : 'ipv4';
      // `::ffff:10.0.0.0/104` is 10.0.0.0/8: addresses are looked for in their canonical form.
      const mappedBits = family === 'ipv4' && address.includes(':') ? 96 : 0;
      if (bits === undefined) this.list.addAddress(canonical, family);
      else this.list.addSubnet(canonical, Number(bits) - mappedBits, family);
    }
  }

  /** Whether the canonical address is in one of the ranges. */
  includes(address: string): boolean {
    const kind = isIP(address);
    return kind !== 0 && this.list.check(address, kind === 6 ? 'ipv6' : 'ipv4');
  }
}

/**
 * Whose request it is: the socket's peer, or, as long as the word of who forwarded it is taken, the one before. Walks
 * `X-Forwarded-For` from the right; what a client wrote into it itself stands further left than the first untrusted
 * address, and is not looked at. Something that is no address ends the walk too.
 */
export function clientAddress(request: {
  peer: string;
  forwardedFor: string | undefined;
  trusted: AddressRanges;
}): string {
  let address = canonicalAddress(request.peer);
  let rest = request.forwardedFor ?? '';
  while (rest !== '' && request.trusted.includes(address)) {
    const comma = rest.lastIndexOf(',');
    const before = canonicalAddress(withoutPort(rest.slice(comma + 1).trim()));
    if (before === unknownAddress) break;
    address = before;
    rest = rest.slice(0, Math.max(0, comma));
  }
  return address;
}

/** Some proxies write `192.0.2.1:4711` or `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  const [, inBrackets, dotted] = /^(?:\[([^\]]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d+)?$/.exec(hop) ?? [];
  return inBrackets ?? dotted ?? hop;
}

/** The eight groups of an IPv6 address that is known to be one. */
function expand(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  let text = address;
  if (dotted !== null) {
    const [, head = '', a, b, c, d] = dotted;
    text = `${head}${(Number(a) * 256 + Number(b)).toString(16)}:${(Number(c) * 256 + Number(d)).toString(16)}`;
  }
  const [left = '', right] = text.split('::');
  const read = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => parseInt(group, 16));
  const head = read(left);
  if (right === undefined) return head;
  const tail = read(right);
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/** ::ffff:0:0/96 (RFC 4291 §2.5.5.2). */
function isMappedIpv4(groups: readonly number[]): boolean {
  return groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
}

function toIpv4(groups: readonly number[]): string {
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The longest run of zero groups, of two at least, becomes `::` (RFC 5952 §4.2). */
function compress(groups: readonly number[]): string {
  let best = { start: -1, length: 1 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.start === -1) return hex.join(':');
  return `${hex.slice(0, best.start).join(':')}::${hex.slice(best.start + best.length).join(':')}`;
}
