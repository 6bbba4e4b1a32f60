import {
  type KeyObject,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
} from 'node:crypto';
import type { ContentEncryption } from './content-encryption.ts';

/** The published half of an identity key (RFC 8037 §2). */
export interface IdentityJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: 'EdDSA';
}

/** The key with which the server says who it is. */
export interface Identity {
  /** RFC 7638 thumbprint. */
  readonly keyId: string;
  readonly publicJwk: IdentityJwk;
  sign(bytes: Buffer): Buffer;
}

/** A new Ed25519 key, PEM PKCS#8. */
export function createIdentityPem(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** @throws Error when the PEM holds no Ed25519 private key */
export function readIdentity(pem: string): Identity {
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('the identity key is not an Ed25519 key');
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (x === undefined) throw new Error('the identity key has no public half');
  const keyId = identityThumbprint(x);
  return {
    keyId,
    publicJwk: { kty: 'OKP', crv: 'Ed25519', x, kid: keyId, use: 'sig', alg: 'EdDSA' },
    sign: (bytes) => sign(null, bytes, privateKey),
  };
}

/** RFC 7638 thumbprint of an Ed25519 key (RFC 8037 §2). */
export function identityThumbprint(x: string): string {
  return createHash('sha256')
    .update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url');
}

/** Checks a signature under a published identity key, as a client does. */
export function verifyIdentitySignature(jwk: { x: string }, bytes: Buffer, signature: Buffer): boolean {
  const key: KeyObject = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: jwk.x }, format: 'jwk' });
  return verify(null, bytes, key, signature);
}

/** The bytes that the server signs at a handshake (PROTOCOL.md §1): ASCII lines, each ended by one `\n`. */
export function handshakeTranscript(handshake: {
  sessionKeyId: string;
  enc: ContentEncryption;
  /** base64url, as in the answer. */
  wrappedKey: string;
  /** The client key's DER SubjectPublicKeyInfo. */
  clientSpki: Buffer;
}): Buffer {
  const { sessionKeyId, enc, wrappedKey, clientSpki } = handshake;
  const client = createHash('sha256').update(clientSpki).digest('base64url');
  return Buffer.from(`letterlock session 1\n${sessionKeyId}\n${enc}\n${wrappedKey}\n${client}\n`, 'latin1');
}
