import { type KeyObject, createPrivateKey, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { decryptInThread } from './rsa-threads.ts';
import { type RsaPublicKey, rsaPublicKeyFromModulus } from './rsa-public-key.ts';

/** A private key that was imported once and is ready for use. */
export interface RsaPrivateKey {
  readonly keyObject: KeyObject;
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

/** Imports a stored private key, PKCS#8 DER. It takes as long as a decryption: keep what it returns. */
export function importRsaPrivateKey(pkcs8: Buffer): RsaPrivateKey {
  const keyObject = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return { keyObject, modulusBytes: (keyObject.asymmetricKeyDetails?.modulusLength ?? 0) / 8 };
}

/** Decrypts RSA-OAEP-256, off the event loop. Null for whatever does not decrypt. */
export async function oaepDecrypt(key: RsaPrivateKey, ciphertext: Buffer): Promise<Buffer | null> {
  return ciphertext.length === key.modulusBytes ? decryptInThread(key.keyObject, ciphertext) : null;
}
