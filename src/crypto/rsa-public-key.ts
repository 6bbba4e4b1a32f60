import { type KeyObject, createHash, createPublicKey } from 'node:crypto';
import { decodeBase64url, encodeBase64url } from './base64url.ts';
import { decodeModulus, encodeSpki, explainDer, privateKeyReason } from './rsa-der.ts';
import { hasSmallFactor } from './small-factors.ts';

/** An RSA public key that passed the policy of PROTOCOL.md §1; the exponent is 65537. */
export interface RsaPublicKey {
  /** base64url of the modulus. */
  readonly modulus: string;
  readonly bits: number;
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Buffer;
  readonly keyObject: KeyObject;
}

/** A key that was read, or why it is refused, in words that hold nothing of it. */
export type RsaPublicKeyReading =
  { readonly ok: true; readonly key: RsaPublicKey } | { readonly ok: false; readonly reason: string };

/** Longest text that is looked at: a 4096-bit PEM has some 800 characters. */
const maxTextLength = 8192;

/**
 * Reads a client's public key: PEM SPKI, PEM PKCS#1, base64 DER of either, or a JWK object (PROTOCOL.md §1). Sizes
 * are checked before anything is computed: Node imports exponent 1 and 16,384-bit moduli without a word.
 */
export function readRsaPublicKey(input: unknown): RsaPublicKeyReading {
  const modulus = typeof input === 'string' ? modulusOfText(input) : modulusOfJwk(input);
  if (typeof modulus === 'string') return { ok: false, reason: modulus };
  const weakness = weaknessOf(modulus);
  if (weakness !== null) return { ok: false, reason: weakness };
  return { ok: true, key: keyOf(modulus) };
}

/** The key of a stored modulus, which passed the policy when it was stored. */
export function rsaPublicKeyFromModulus(modulus: string): RsaPublicKey {
  return keyOf(Buffer.from(modulus, 'base64url'));
}

function keyOf(modulusBytes: Buffer): RsaPublicKey {
  return new ReadKey(modulusBytes);
}

/** What takes a while is worked out when it is asked for: a handshake needs no thumbprint, a message no SPKI. */
class ReadKey implements RsaPublicKey {
  readonly modulus: string;
  readonly bits: number;
  private readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.modulus = encodeBase64url(bytes);
    this.bits = bytes.length * 8;
  }

  get kid(): string {
    // The members are in the order that RFC 7638 §3 asks for.
    return createHash('sha256').update(JSON.stringify(this.jwk)).digest('base64url');
  }

  get spki(): Buffer {
    return encodeSpki(this.bytes);
  }

  get keyObject(): KeyObject {
    // A JWK is imported in a twentieth of the time that DER takes.
    return createPublicKey({ key: this.jwk, format: 'jwk' });
  }

  private get jwk(): { e: string; kty: string; n: string } {
    return { e: 'AQAB', kty: 'RSA', n: this.modulus };
  }
}

function weaknessOf(modulus: Buffer): string | null {
  if (modulus.length < 256) return 'its modulus is shorter than 2048 bits';
  if (modulus.length > 512) return 'its modulus is longer than 4096 bits';
  if (((modulus[0] ?? 0) & 0x80) === 0) return 'its modulus does not fill whole bytes';
  if (((modulus.at(-1) ?? 0) & 1) === 0) return 'its modulus is even';
  if (hasSmallFactor(modulus)) return 'its modulus has a small factor';
  return null;
}

/** The modulus, or a reason. */
function modulusOfText(text: string): Buffer | string {
  if (text.length > maxTextLength) return 'it is far too long';
  if (/PRIVATE KEY/.test(text)) return privateKeyReason;
  const base64 = text.includes('-----') ? bodyOfPem(text.trim()) : text.trim();
  if (base64 === null) return 'it is no single PEM block with a public key';
  const der = Buffer.from(base64, 'base64');
  if (der.length === 0 || der.toString('base64') !== base64)
    return 'it is neither PEM nor canonical base64 of DER';
  return decodeModulus(der) ?? explainDer(der);
}

/** The base64 of the one block, without its line breaks. */
function bodyOfPem(pem: string): string | null {
  const block = /^-----BEGIN ((?:RSA )?PUBLIC KEY)-----\r?\n([A-Za-z0-9+/=\r\n]+)\r?\n-----END \1-----$/.exec(
    pem,
  );
  return block?.[2]?.replaceAll(/[\r\n]/g, '') ?? null;
}

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

function modulusOfJwk(input: unknown): Buffer | string {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return 'it is neither text nor a JWK';
  const jwk = input as Record<string, unknown>;
  if (privateMembers.some((name) => Object.hasOwn(jwk, name))) return privateKeyReason;
  if (jwk['kty'] !== 'RSA') return 'it is a key of another kind than RSA';
  if (jwk['e'] !== 'AQAB') return 'its exponent is not 65537';
  if (jwk['use'] !== undefined && jwk['use'] !== 'enc') return 'its use is not encryption';
  if (jwk['alg'] !== undefined && jwk['alg'] !== 'RSA-OAEP-256') return 'its algorithm is not RSA-OAEP-256';
  if (!allowsWrapping(jwk['key_ops'])) return 'its operations do not include encrypting or wrapping';
  const { n } = jwk;
  if (typeof n !== 'string') return 'its modulus is missing';
  if (n.length > maxTextLength) return 'its modulus is longer than 4096 bits';
  const modulus = decodeBase64url(n);
  if (modulus === null) return 'its modulus is not canonical base64url';
  return modulus[0] === 0 ? 'its modulus is not canonical: it begins with zeros' : modulus;
}

function allowsWrapping(operations: unknown): boolean {
  if (operations === undefined) return true;
  return Array.isArray(operations) && (operations.includes('encrypt') || operations.includes('wrapKey'));
}
