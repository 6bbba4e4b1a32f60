/**
 * The two DER forms of an RSA public key with exponent 65537 and a modulus of 256 to 512 bytes whose top bit is set.
 * Within these bounds each form is a template with the modulus filled in, so that reading is comparing: whatever is
 * not exactly the template is not canonical (RFC 8017 A.1.1, RFC 5280 §4.1).
 */

const exponent = Buffer.from('0203010001', 'hex');
const rsaAlgorithm = Buffer.from('300d06092a864886f70d0101010500', 'hex');

/** Bytes that the PKCS#1 form has beside the modulus. */
const pkcs1Overhead = 14;
/** Bytes that the SPKI form has beside the modulus. */
const spkiOverhead = 38;

/** SubjectPublicKeyInfo of the modulus. */
export function encodeSpki(modulus: Buffer): Buffer {
  const bits = encode(0x03, Buffer.concat([Buffer.from([0]), encodePkcs1(modulus)]));
  return encode(0x30, Buffer.concat([rsaAlgorithm, bits]));
}

/** RSAPublicKey of the modulus. */
export function encodePkcs1(modulus: Buffer): Buffer {
  const integer = encode(0x02, Buffer.concat([Buffer.from([0]), modulus]));
  return encode(0x30, Buffer.concat([integer, exponent]));
}

/** The modulus of either form, or null when the bytes are not exactly one of them. */
export function decodeModulus(der: Buffer): Buffer | null {
  for (const [overhead, encodeForm] of [
    [spkiOverhead, encodeSpki],
    [pkcs1Overhead, encodePkcs1],
  ] as const) {
    const size = der.length - overhead;
    if (size < 256 || size > 512) continue;
    const modulus = der.subarray(der.length - exponent.length - size, der.length - exponent.length);
    if (encodeForm(modulus).equals(der)) return Buffer.from(modulus);
  }
  return null;
}

function encode(type: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type, 0x82, content.length >> 8, content.length & 0xff]), content]);
}

/** Why bytes that are not canonical are none of the keys we take, as far as a look tells. */
export function explainDer(der: Buffer): string {
  const outer = readElement(der, 0);
  if (outer === null || outer.type !== 0x30) return 'it is no DER-encoded key';
  if (outer.end !== der.length) return 'it is damaged: bytes are missing or left over';
  const first = readElement(der, outer.start);
  if (first === null) return 'it is damaged';
  if (first.type === 0x02 && first.end - first.start === 1) return privateKeyReason;
  if (first.type === 0x02) return explainIntegers(der, outer.start);
  if (!der.subarray(outer.start).subarray(0, rsaAlgorithm.length).equals(rsaAlgorithm)) {
    return 'it is a key of another kind than RSA';
  }
  const bits = readElement(der, first.end);
  const inner = bits === null ? null : readElement(der, bits.start + 1);
  return inner === null ? 'it is damaged' : explainIntegers(der, inner.start);
}

/** What every private key that was sent by mistake is answered. */
export const privateKeyReason = 'this is a private key: it was not kept, and should be replaced';

function explainIntegers(der: Buffer, at: number): string {
  const modulus = readElement(der, at);
  const power = modulus === null ? null : readElement(der, modulus.end);
  if (modulus === null || power === null || modulus.type !== 0x02 || power.type !== 0x02)
    return 'it is damaged';
  const size = modulus.end - modulus.start - (der[modulus.start] === 0 ? 1 : 0);
  if (size < 256) return 'its modulus is shorter than 2048 bits';
  if (size > 512) return 'its modulus is longer than 4096 bits';
  if (der.subarray(power.start, power.end).toString('hex') !== '010001') return 'its exponent is not 65537';
  return 'it is not canonical DER';
}

interface Element {
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

function readElement(der: Buffer, at: number): Element | null {
  const type = der[at];
  const length = der[at + 1];
  if (type === undefined || length === undefined) return null;
  if (length < 0x80) return bounded(der, type, at + 2, length);
  const bytes = length & 0x7f;
  if (bytes < 1 || bytes > 3 || at + 2 + bytes > der.length) return null;
  return bounded(der, type, at + 2 + bytes, der.readUIntBE(at + 2, bytes));
}

function bounded(der: Buffer, type: number, start: number, length: number): Element | null {
  return start + length > der.length ? null : { type, start, end: start + length };
}
