import {
  type KeyObject,
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  sign,
} from 'node:crypto';

/** The cryptography of PROTOCOL.md with Node's own means: no code is shared with the client or the real server. */

export const b64 = (bytes: Buffer | string): string => Buffer.from(bytes).toString('base64url');

/** Answers a client's public key: the session key in the clear for the server, wrapped and signed for the client. */
export function answerHandshake(
  publicKey: unknown,
  enc: string,
  identity: Identity,
): { id: string; key: Buffer; answer: Record<string, unknown> } {
  const client = createPublicKey({ key: publicKey as never, format: 'jwk' });
  const key = randomBytes(enc === 'A256GCM' ? 32 : 64);
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const wrapped = b64(publicEncrypt({ key: client, padding, oaepHash: 'sha256' }, key));
  const id = b64(randomBytes(16));
  const spki = client.export({ format: 'der', type: 'spki' });
  const thumbprint = createHash('sha256').update(spki).digest('base64url');
  const transcript = `letterlock session 1\n${id}\n${enc}\n${wrapped}\n${thumbprint}\n`;
  const answer = {
    session_key: id,
    key: wrapped,
    alg: 'RSA-OAEP-256',
    enc,
    expires_in: 600,
    server_key_id: identity.keyId,
    signature: b64(sign(null, Buffer.from(transcript), identity.privateKey)),
  };
  return { id, key, answer };
}

/** A server's identity key (PROTOCOL.md §1). */
export interface Identity {
  readonly keyId: string;
  readonly jwk: unknown;
  readonly privateKey: KeyObject;
}

export function newIdentity(): Identity {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  const keyId = createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest('base64url');
  return { keyId, privateKey, jwk: { kty: 'OKP', crv: 'Ed25519', x, kid: keyId, use: 'sig' } };
}

/** A session key. */
export interface Key {
  readonly enc: string;
  readonly key: Buffer;
}

/** RFC 7518 §5.2.2: what the tag of A256CBC-HS512 is made over, and the tag. */
function cbcTag(key: Buffer, header: string, iv: Buffer, ciphertext: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeUInt32BE(header.length * 8, 4);
  const mac = createHmac('sha512', key.subarray(0, 32)).update(header).update(iv).update(ciphertext);
  return mac.update(length).digest().subarray(0, 32);
}

export function sealToken(header: unknown, plaintext: string, { enc, key }: Key): string {
  const head = b64(JSON.stringify(header));
  if (enc === 'A256GCM') {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: 16 }).setAAD(Buffer.from(head));
    const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return [head, '', b64(iv), b64(ciphertext), b64(cipher.getAuthTag())].join('.');
  }
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', key.subarray(32), iv);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return [head, '', b64(iv), b64(ciphertext), b64(cbcTag(key, head, iv, ciphertext))].join('.');
}

export function openToken(
  token: string,
  { enc, key }: Key,
): { header: Record<string, unknown>; plaintext: string } {
  const parts = token.split('.');
  const [head = '', , ...rest] = parts;
  const [iv, ciphertext, tag] = rest.map((part) => Buffer.from(part, 'base64url'));
  if (parts.length !== 5 || !iv || !ciphertext || !tag) throw new Error('no compact form');
  const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as Record<string, unknown>;
  if (enc === 'A256GCM') {
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 })
      .setAAD(Buffer.from(head))
      .setAuthTag(tag);
    return { header, plaintext: Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString() };
  }
  if (!cbcTag(key, head, iv, ciphertext).equals(tag)) throw new Error('the tag is wrong');
  const decipher = createDecipheriv('aes-256-cbc', key.subarray(32), iv);
  return { header, plaintext: Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString() };
}
