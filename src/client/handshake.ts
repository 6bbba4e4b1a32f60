import { type Bytes, decodeBase64url } from './bytes.ts';
import { type ContentEncryption, type ContentKey, importContentKey } from './content-encryption.ts';
import { LetterlockError } from './errors.ts';
import { type IdentityPins, findIdentityKey, verifyHandshake } from './identity.ts';
import { Session } from './session.ts';

/** A fresh key pair for one handshake; the private half cannot be read, and is dropped after it. */
export interface HandshakeKeys {
  readonly publicJwk: { readonly kty: 'RSA'; readonly n: string; readonly e: string };
  readonly spki: Bytes;
  readonly privateKey: CryptoKey;
}

/** What the server answers to a public key. */
interface HandshakeAnswer {
  readonly session_key: string;
  readonly key: string;
  readonly alg: string;
  readonly enc: string;
  readonly server_key_id: string;
  readonly signature: string;
}

/** Makes the pair: RSA 2048, OAEP with SHA-256. @throws LetterlockError `platform_unsupported` */
export async function createHandshakeKeys(): Promise<HandshakeKeys> {
  try {
    return await generateKeys();
  } catch (error) {
    throw new LetterlockError('platform_unsupported', { detail: 'Web Crypto makes no RSA keys here' }, error);
  }
}

async function generateKeys(): Promise<HandshakeKeys> {
  const algorithm = {
    name: 'RSA-OAEP',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  };
  const { publicKey, privateKey } = await crypto.subtle.generateKey(algorithm, false, ['encrypt', 'decrypt']);
  const { n = '', e = '' } = await crypto.subtle.exportKey('jwk', publicKey);
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', publicKey));
  return { publicJwk: { kty: 'RSA', n, e }, spki, privateKey };
}

/** Knows who the server has to be, and verifies it. */
export class HandshakeVerifier {
  private readonly url: string;
  private readonly pinned: string | null;
  private readonly pins: IdentityPins;
  private readonly fetchJwks: (signal: AbortSignal | undefined) => Promise<unknown>;
  private known: { keyId: string; key: Bytes } | null = null;

  constructor(options: {
    url: string;
    /** The identity the caller insists on; otherwise the first one seen is kept in `pins`. */
    identity: string | null;
    pins: IdentityPins;
    fetchJwks: (signal: AbortSignal | undefined) => Promise<unknown>;
  }) {
    this.url = options.url;
    this.pinned = options.identity;
    this.pins = options.pins;
    this.fetchJwks = options.fetchJwks;
  }

  /**
   * Turns an answer into a session, if it was signed by whom it has to be.
   *
   * @param place the session's own where this is another key of it
   * @throws LetterlockError `identity_changed`, `signature_wrong`, `unreachable` for what is no such answer
   */
  async accept(
    body: unknown,
    handshake: { keys: HandshakeKeys; enc: ContentEncryption; openedAt: number; place?: Session['place'] },
    signal: AbortSignal | undefined,
  ): Promise<Session> {
    const { keys, enc, openedAt, place } = handshake;
    const answer = readAnswer(body, enc);
    const identityKey = await this.identityKey(answer.server_key_id, signal);
    const signed = { sessionKey: answer.session_key, enc, key: answer.key, signature: answer.signature };
    if (!(await verifyHandshake(identityKey, signed, keys.spki)))
      throw new LetterlockError('signature_wrong');
    await pinned(() => this.pins.set(this.url, answer.server_key_id));
    const key = await unwrapKey(answer.key, keys.privateKey, enc);
    return new Session(answer.session_key, key, openedAt, place);
  }

  private async identityKey(keyId: string, signal: AbortSignal | undefined): Promise<Bytes> {
    const expected = this.pinned ?? (await pinned(() => this.pins.get(this.url)));
    if (expected !== null && expected !== keyId) {
      throw new LetterlockError('identity_changed', { detail: `expected ${expected}, found ${keyId}` });
    }
    if (this.known?.keyId !== keyId) {
      const key = await findIdentityKey(await this.fetchJwks(signal), keyId);
      if (key === null)
        throw new LetterlockError('signature_wrong', { detail: 'the identity key is not published' });
      this.known = { keyId, key };
    }
    return this.known.key;
  }
}

/** Calls what the caller gave to keep pins with. */
async function pinned<T>(call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new LetterlockError('platform_unsupported', { detail: 'the pins cannot be kept' }, error);
  }
}

async function unwrapKey(text: string, privateKey: CryptoKey, enc: ContentEncryption): Promise<ContentKey> {
  try {
    const wrapped = decodeBase64url(text) ?? new Uint8Array();
    const raw = new Uint8Array(await crypto.subtle.decrypt({ name: 'RSA-OAEP' }, privateKey, wrapped));
    return await importContentKey(enc, raw);
  } catch (error) {
    throw new LetterlockError('answer_rejected', { detail: 'the session key does not open' }, error);
  }
}

function readAnswer(body: unknown, enc: ContentEncryption): HandshakeAnswer {
  const answer = body as Partial<HandshakeAnswer> | null;
  const { session_key, key, alg, server_key_id, signature } = answer ?? {};
  const texts = [session_key, key, server_key_id, signature];
  if (!texts.every((text) => typeof text === 'string') || alg !== 'RSA-OAEP-256' || answer?.enc !== enc) {
    throw new LetterlockError('unreachable', { detail: 'the handshake was answered with something else' });
  }
  return answer as HandshakeAnswer;
}
