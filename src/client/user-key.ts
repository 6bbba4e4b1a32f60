import { type Bytes, encodeBase64url, randomBytes, toText } from './bytes.ts';
import { parseCompactJwe, sealCompactJwe } from './compact-jwe.ts';
import { importContentKey } from './content-encryption.ts';
import { LetterlockError } from './errors.ts';
import type { PublicKeyJwk } from './types.ts';

/** A user's own key pair: the public half goes to the server, the private half stays here. */
export interface UserKey {
  readonly publicKey: { readonly kty: 'RSA'; readonly n: string; readonly e: string };
  readonly privateKey: CryptoKey;
}

const algorithm = { name: 'RSA-OAEP', hash: 'SHA-256' };

/**
 * Makes a key pair for a user who keeps the private half: give `publicKey` to `register` or `rotateUserKey`.
 *
 * @param options.extractable whether the private half can be exported, to be kept elsewhere than in IndexedDB
 */
export async function createUserKey(
  options: { bits?: number; extractable?: boolean } = {},
): Promise<UserKey> {
  const { publicKey, privateKey } = await crypto.subtle.generateKey(
    { ...algorithm, modulusLength: options.bits ?? 3072, publicExponent: new Uint8Array([1, 0, 1]) },
    options.extractable ?? false,
    ['encrypt', 'decrypt'],
  );
  const { n = '', e = '' } = await crypto.subtle.exportKey('jwk', publicKey);
  return { publicKey: { kty: 'RSA', n, e }, privateKey };
}

/** Opens a message that was encrypted to a key held here. @throws LetterlockError `message_rejected` */
export async function openMessage(message: string, privateKey: CryptoKey): Promise<string> {
  const jwe = parseCompactJwe(message);
  const { alg, enc } = jwe?.header ?? {};
  if (jwe === null || alg !== 'RSA-OAEP-256' || (enc !== 'A256GCM' && enc !== 'A256CBC-HS512')) {
    throw new LetterlockError('message_rejected');
  }
  try {
    const raw = await crypto.subtle.decrypt({ name: 'RSA-OAEP' }, privateKey, jwe.encryptedKey);
    const key = await importContentKey(enc, new Uint8Array(raw));
    const plaintext = await key.open(jwe.associatedData, jwe.iv, jwe.ciphertext, jwe.tag);
    if (plaintext !== null) return toText(plaintext);
  } catch (error) {
    throw new LetterlockError('message_rejected', {}, error);
  }
  throw new LetterlockError('message_rejected');
}

/** Encrypts a text to a user's public key without the server seeing it. @throws LetterlockError `key_refused` */
export async function sealMessageFor(recipient: PublicKeyJwk, text: string): Promise<string> {
  const { kid, ...jwk } = recipient;
  const contentKey: Bytes = randomBytes(32);
  const wrapped = await wrapKey(contentKey, jwk);
  const key = await importContentKey('A256GCM', contentKey);
  return sealCompactJwe(key, { alg: 'RSA-OAEP-256', enc: 'A256GCM', kid }, encodeBase64url(wrapped), text);
}

async function wrapKey(contentKey: Bytes, jwk: JsonWebKey): Promise<Bytes> {
  try {
    const publicKey = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['encrypt']);
    return new Uint8Array(await crypto.subtle.encrypt({ name: 'RSA-OAEP' }, publicKey, contentKey));
  } catch (error) {
    throw new LetterlockError('key_refused', { detail: 'this is no key to encrypt to' }, error);
  }
}
