import { type Bytes, decodeBase64url, encodeBase64url, toBytes } from './bytes.ts';
import { LetterlockError } from './errors.ts';

/** Remembers who a server was, by its URL. */
export interface IdentityPins {
  get(url: string): string | null | Promise<string | null>;
  set(url: string, keyId: string): void | Promise<void>;
}

/** Pins that last as long as the program. */
export function memoryPins(): IdentityPins {
  const pins = new Map<string, string>();
  return { get: (url) => pins.get(url) ?? null, set: (url, keyId) => void pins.set(url, keyId) };
}

/** The published identity key of this id, from a JWK set. Null where it is not in it, or not what its id says. */
export async function findIdentityKey(jwks: unknown, keyId: string): Promise<Bytes | null> {
  const keys = typeof jwks === 'object' && jwks !== null && 'keys' in jwks ? jwks.keys : null;
  if (!Array.isArray(keys)) return null;
  for (const jwk of keys as (Record<string, unknown> | null)[]) {
    const { kty, crv, x } = jwk ?? {};
    if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string') continue;
    // The id is the key's thumbprint (RFC 7638), so that a key cannot borrow another's id.
    const thumbprint = await sha256(toBytes(JSON.stringify({ crv, kty, x })));
    if (encodeBase64url(thumbprint) !== keyId) continue;
    const key = decodeBase64url(x);
    return key?.length === 32 ? key : null;
  }
  return null;
}

/** Whether the signature over the handshake is the key's (PROTOCOL.md §1). */
export async function verifyHandshake(
  identityKey: Bytes,
  handshake: { sessionKey: string; enc: string; key: string; signature: string },
  clientSpki: Bytes,
): Promise<boolean> {
  const signature = decodeBase64url(handshake.signature);
  if (signature === null) return false;
  const client = encodeBase64url(await sha256(clientSpki));
  const lines = ['letterlock session 1', handshake.sessionKey, handshake.enc, handshake.key, client];
  const transcript = toBytes(lines.map((line) => `${line}\n`).join(''));
  const key = await importEd25519(identityKey);
  return crypto.subtle.verify('Ed25519', key, signature, transcript);
}

async function importEd25519(raw: Bytes): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify']);
  } catch (error) {
    throw new LetterlockError(
      'platform_unsupported',
      { detail: 'Web Crypto has no Ed25519 here, so the server cannot be verified' },
      error,
    );
  }
}

async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}
