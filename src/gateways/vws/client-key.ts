import { type RsaPublicKeyReading, readRsaPublicKey } from '../../crypto/rsa-public-key.ts';

const spkiBegin = '-----BEGIN PUBLIC KEY-----';
/** Twice what a PEM of a 4096-bit key can have, and room for line ends and blanks around it. */
const maxHexDigits = 4096;

/** Reads a client's public key: the hex of a PEM SPKI text. The same keys are good as everywhere (PROTOCOL.md §1). */
export function readClientKey(hex: string): RsaPublicKeyReading {
  if (hex.length > maxHexDigits) return { ok: false, reason: 'it is far too long' };
  if (hex.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(hex)) return { ok: false, reason: 'it is not hex' };
  const pem = Buffer.from(hex, 'hex').toString('latin1');
  // A private key goes on to the reader, which says what is wrong with sending one.
  if (!pem.includes(spkiBegin) && !pem.includes('PRIVATE KEY')) {
    return { ok: false, reason: 'it is not the hex of a PEM SubjectPublicKeyInfo' };
  }
  return readRsaPublicKey(pem);
}
