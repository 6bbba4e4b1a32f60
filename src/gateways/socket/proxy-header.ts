import { isIP } from 'node:net';
import { canonicalAddress } from '../../core/addresses.ts';

/**
 * What a load balancer says of a connection before the client's first byte: the PROXY protocol, versions 1 and 2
 * (HAProxy's proxy-protocol.txt, sections 2.1 and 2.2).
 */
export type ProxyHeader =
  /** Too little has come to tell. */
  | { readonly kind: 'partial' }
  /** The bytes are the client's own. */
  | { readonly kind: 'none' }
  /** It began like a header, and is none. */
  | { readonly kind: 'malformed' }
  /** `address` is the client's, canonical; null where the balancer speaks for itself. */
  | { readonly kind: 'header'; readonly address: string | null; readonly length: number };

const textSignature = Buffer.from('PROXY ');
const binarySignature = Buffer.from('\r\n\r\n\0\r\nQUIT\n');
/** With its line end. */
const longestText = 107;
const binaryPrefix = 16;
/** Addresses, and as many bytes of extensions as any balancer sends. */
const longestBinary = 2048;
const partial: ProxyHeader = { kind: 'partial' };
const malformed: ProxyHeader = { kind: 'malformed' };

/** Reads the header at the beginning of a connection. Looks at nothing behind it. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (beginsLike(bytes, binarySignature)) return readBinary(bytes);
  if (beginsLike(bytes, textSignature)) return readText(bytes);
  return { kind: 'none' };
}

function beginsLike(bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length);
  return bytes.subarray(0, length).equals(signature.subarray(0, length));
}

function readText(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, longestText).indexOf('\r\n');
  if (end === -1) return bytes.length < longestText ? partial : malformed;
  const [, family, source = '', target = '', ...ports] = bytes.toString('latin1', 0, end).split(' ');
  const length = end + 2;
  if (family === 'UNKNOWN') return { kind: 'header', address: null, length };
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : 0;
  const areAddresses = version !== 0 && isIP(source) === version && isIP(target) === version;
  if (!areAddresses || ports.length !== 2 || !ports.every(isPort)) return malformed;
  return { kind: 'header', address: canonicalAddress(source), length };
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535;
}

function readBinary(bytes: Buffer): ProxyHeader {
  if (bytes.length < binaryPrefix) return partial;
  const versionAndCommand = bytes.readUInt8(12);
  const isLocal = versionAndCommand === 0x20;
  if (!isLocal && versionAndCommand !== 0x21) return malformed;
  const length = binaryPrefix + bytes.readUInt16BE(14);
  if (length > longestBinary) return malformed;
  if (bytes.length < length) return partial;
  const addresses = bytes.subarray(binaryPrefix, length);
  const family = bytes.readUInt8(13);
  if (isLocal || (family !== 0x11 && family !== 0x21)) return { kind: 'header', address: null, length };
  const size = family === 0x11 ? 4 : 16;
  // Both addresses, and both ports.
  if (addresses.length < 2 * size + 4) return malformed;
  const source = addresses.subarray(0, size);
  const spelled =
    size === 4
      ? source.join('.')
      : Array.from({ length: 8 }, (_, at) => source.readUInt16BE(2 * at).toString(16)).join(':');
  return { kind: 'header', address: canonicalAddress(spelled), length };
}
