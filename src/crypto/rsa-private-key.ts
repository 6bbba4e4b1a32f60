import { createPrivateKey, generateKeyPair, webcrypto } from 'node:crypto';
import { promisify } from 'node:util';
import { type RsaPublicKey, rsaPublicKeyFromModulus } from './rsa-public-key.ts';

/** A private key that was imported once and is ready for use. */
export interface RsaPrivateKey {
  readonly cryptoKey: webcrypto.CryptoKey;
  readonly modulusBytes: number;
}

const generate = promisify(generateKeyPair);

/** Makes a pair, on the thread pool: 3072 bits take a third of a second of a core. */
export async function generateRsaKeyPair(bits: number): Promise<{ publicKey: RsaPublicKey; pkcs8: Buffer }> {
  const { publicKey, privateKey } = await generate('rsa', { modulusLength: bits, publicExponent: 65537 });
  const { n } = publicKey.export({ format: 'jwk' });
  if (n === undefined) throw new Error('a new RSA key has no modulus');
  return {
    publicKey: rsaPublicKeyFromModulus(n),
    pkcs8: privateKey.export({ format: 'der', type: 'pkcs8' }),
  };
}

/** Imports a stored private key, PKCS#8 DER. */
export async function importRsaPrivateKey(pkcs8: Buffer): Promise<RsaPrivateKey> {
  const algorithm = { name: 'RSA-OAEP', hash: 'SHA-256' };
  const cryptoKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['decrypt']);
  const { asymmetricKeyDetails } = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return { cryptoKey, modulusBytes: (asymmetricKeyDetails?.modulusLength ?? 0) / 8 };
}

/**
 * Decrypts RSA-OAEP-256 on the thread pool, where `node:crypto`'s own `privateDecrypt` would hold the event loop.
 * Null for whatever does not decrypt.
 */
export async function oaepDecrypt(key: RsaPrivateKey, ciphertext: Buffer): Promise<Buffer | null> {
  if (ciphertext.length !== key.modulusBytes) return null;
  try {
    return Buffer.from(await webcrypto.subtle.decrypt({ name: 'RSA-OAEP' }, key.cryptoKey, ciphertext));
  } catch {
    return null;
  }
}
