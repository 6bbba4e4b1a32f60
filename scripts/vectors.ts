import { createHash, createPrivateKey, hkdfSync } from 'node:crypto';
import { type ContentEncryption, contentEncryptions } from '../src/crypto/content-encryption.ts';
import { handshakeTranscript, readIdentity } from '../src/crypto/identity.ts';
import { readRsaPublicKey } from '../src/crypto/rsa-public-key.ts';
import { sealRequest } from '../src/crypto/sealed-payload.ts';
import { formatCompactJwe } from '../src/crypto/compact-jwe.ts';
import { clientKeyPem, wrappedKeys } from './vector-inputs.ts';

/** A file of vectors, by its name. */
export type VectorFiles = Readonly<Record<string, unknown>>;

const encryptions: readonly ContentEncryption[] = ['A256GCM', 'A256CBC-HS512'];

/** Bytes that are always the same and look like chance. */
function fixed(label: string, size: number): Buffer {
  return Buffer.from(hkdfSync('sha256', 'letterlock test vectors', '', label, size));
}

/** The session key of an encryption in all vectors. */
export function vectorKey(enc: ContentEncryption): Buffer {
  return fixed(`session key ${enc}`, contentEncryptions[enc].keyBytes);
}

/** All vectors, from fixed inputs: the same each time. */
export function makeVectors(): VectorFiles {
  return {
    'handshake.json': handshakes(),
    'requests.json': requests(),
    'answers.json': answers(),
    'events.json': events(),
    'refused-tokens.json': refusedTokens(),
    'refused-keys.json': refusedKeys(),
  };
}

function handshakes(): unknown {
  // An Ed25519 key from a fixed seed, in the frame that PKCS#8 puts around it (RFC 8410 §7).
  const seed = fixed('identity', 32);
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const pem = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({
    format: 'pem',
    type: 'pkcs8',
  });
  const identity = readIdentity(String(pem));
  const client = createPrivateKey(clientKeyPem);
  const read = readRsaPublicKey(client.export({ format: 'jwk' }).n === undefined ? null : publicJwk());
  if (!read.ok) throw new Error(read.reason);
  return {
    identity: identity.publicJwk,
    client_private_key: clientKeyPem,
    client_public_key: publicJwk(),
    client_spki_sha256: createHash('sha256').update(read.key.spki).digest('base64url'),
    sessions: encryptions.map((enc) => {
      const sessionKeyId = fixed(`session id ${enc}`, 16).toString('base64url');
      const wrappedKey = wrappedKeys[enc];
      const transcript = handshakeTranscript({ sessionKeyId, enc, wrappedKey, clientSpki: read.key.spki });
      return {
        answer: {
          session_key: sessionKeyId,
          key: wrappedKey,
          alg: 'RSA-OAEP-256',
          enc,
          expires_in: 600,
          server_key_id: identity.keyId,
          signature: identity.sign(transcript).toString('base64url'),
        },
        transcript: transcript.toString(),
        session_key_hex: vectorKey(enc).toString('hex'),
      };
    }),
  };
}

function publicJwk(): { kty: 'RSA'; n: string; e: string } {
  const { n = '', e = '' } = createPrivateKey(clientKeyPem).export({ format: 'jwk' });
  return { kty: 'RSA', n, e };
}

const plaintexts = ['{}', '{"message":"hello"}', '{"message":"Grüße ✓ \\"quoted\\"\\n"}'];

function requests(): unknown {
  return encryptions.flatMap((enc) =>
    plaintexts.flatMap((plaintext, at) => {
      const headers = [
        { seq: at + 1, htu: '/me' },
        { seq: 2 ** 53 - 1, htu: '/encrypt/J%C3%BCrgen', idem: 'abcdefgh-12345678' },
      ];
      return headers.map((header) => {
        const iv = fixed(`request iv ${enc} ${at} ${header.htu}`, contentEncryptions[enc].ivBytes);
        const payload = sealRequest(enc, vectorKey(enc), header, plaintext, iv);
        return {
          enc,
          header: { alg: 'dir', enc, ...header },
          plaintext,
          iv_hex: iv.toString('hex'),
          payload,
        };
      });
    }),
  );
}

function answers(): unknown {
  return sealedByServer('answer', plaintexts, [
    { re: 1, status: 200 },
    { re: 7, status: 409 },
    { re: 2 ** 53 - 1, status: 200, rot: true },
  ]);
}

/** Two events of one stream, in order, and one of another. */
function events(): unknown {
  const at = '2026-01-01T00:00:00.000Z';
  const message = {
    kind: 'message',
    at,
    room: 'AAAAAAAAAAAAAAAAAAAAAA',
    room_name: null,
    with: 'jürgen',
    seq: 1,
    id: 'AAAAAAAAAAAAAAAAAAAAAA.1',
    from: 'jürgen',
    message: 'Grüße ✓',
    edited_at: null,
    deleted: false,
    revision: 0,
  };
  const presence = { kind: 'presence', at, username: 'jürgen', online: true };
  const shutdown = { kind: 'shutdown', at, reason: 'the server stops' };
  return sealedByServer(
    'event',
    [message, presence, shutdown].map((event) => JSON.stringify(event)),
    [
      { re: 3, n: 1 },
      { re: 3, n: 2 },
      { re: 9, n: 1 },
    ],
  );
}

/** What a server seals, in each encryption: the texts under the headers, one by one. */
function sealedByServer(label: string, texts: readonly string[], headers: readonly object[]): unknown {
  return encryptions.flatMap((enc) =>
    headers.map((members, at) => {
      const header = { alg: 'dir', enc, ...members };
      const plaintext = texts[at] ?? '{}';
      const iv = fixed(`${label} iv ${enc} ${at}`, contentEncryptions[enc].ivBytes);
      return {
        enc,
        header,
        plaintext,
        iv_hex: iv.toString('hex'),
        payload: token(enc, JSON.stringify(header), plaintext, iv),
      };
    }),
  );
}

/** A token with any header text, encrypted as it should be. */
function token(enc: ContentEncryption, headerText: string, plaintext: string, iv: Buffer): string {
  const encodedHeader = Buffer.from(headerText).toString('base64url');
  const content = contentEncryptions[enc].seal(vectorKey(enc), Buffer.from(encodedHeader), plaintext, iv);
  return formatCompactJwe(encodedHeader, '', content);
}

/** Tokens that a server refuses, with the code; all are otherwise sealed under the key of A256GCM, for `/me`. */
function refusedTokens(): unknown {
  const iv = fixed('refused iv', 12);
  const good = '"alg":"dir","enc":"A256GCM","seq":1,"htu":"/me"';
  const withHeader = (text: string): string => token('A256GCM', text, '{}', iv);
  const whole = withHeader(`{${good}}`);
  const [header = '', , ivPart = '', ciphertext = '', tag = ''] = whole.split('.');
  const lastBits = (text: string): string => `${text.slice(0, -1)}${text.endsWith('B') ? 'C' : 'B'}`;
  const rejected: Record<string, string> = {
    'a member that is not allowed': withHeader(`{${good},"zip":"DEF"}`),
    crit: withHeader(`{${good},"crit":["seq"]}`),
    'a member twice': withHeader(`{${good},"seq":1}`),
    'another algorithm': withHeader(`{${good.replace('dir', 'A256KW')}}`),
    'an unknown encryption': withHeader(`{${good.replace('A256GCM', 'A128GCM')}}`),
    "the session's encryption is another": withHeader(`{${good.replace('A256GCM', 'A256CBC-HS512')}}`),
    'seq is missing': withHeader(`{${good.replace('"seq":1,', '')}}`),
    'seq 0': withHeader(`{${good.replace(':1,', ':0,')}}`),
    'seq as a fraction': withHeader(`{${good.replace(':1,', ':1.0,')}}`),
    'seq with an exponent': withHeader(`{${good.replace(':1,', ':1e0,')}}`),
    'seq as a text': withHeader(`{${good.replace(':1,', ':"1",')}}`),
    'seq beyond 2^53-1': withHeader(`{${good.replace(':1,', ':9007199254740992,')}}`),
    'htu is another path': withHeader(`{${good.replace('/me', '/logout')}}`),
    'idem is too short': withHeader(`{${good},"idem":"short"}`),
    'an encrypted key part': [header, 'AAAA', ivPart, ciphertext, tag].join('.'),
    'a tag of four bytes': [
      header,
      '',
      ivPart,
      ciphertext,
      Buffer.from(tag, 'base64url').subarray(0, 4).toString('base64url'),
    ].join('.'),
    'a tag that is wrong': [
      header,
      '',
      ivPart,
      ciphertext,
      `${tag.startsWith('A') ? 'B' : 'A'}${tag.slice(1)}`,
    ].join('.'),
    'an IV of 16 bytes': [header, '', fixed('long iv', 16).toString('base64url'), ciphertext, tag].join('.'),
  };
  const malformed: Record<string, string> = {
    nothing: '',
    'four parts': [header, '', ivPart, ciphertext].join('.'),
    'six parts': `${whole}.AAAA`,
    padding: `${whole}=`,
    'loose bits at the end of the tag': `${[header, '', ivPart, ciphertext].join('.')}.${lastBits(tag)}`,
    'a header that is a list': withHeader('[]'),
    'a header that is no JSON': withHeader('{'),
  };
  const rows = (code: string, tokens: Record<string, string>) =>
    Object.entries(tokens).map(([why, payload]) => ({ why, code, payload }));
  return [...rows('payload_rejected', rejected), ...rows('payload_malformed', malformed)];
}

/** Public keys that a server refuses with `key_refused`. */
function refusedKeys(): unknown {
  const jwk = publicJwk();
  const modulus = Buffer.from(jwk.n, 'base64url');
  const even = Buffer.from(modulus);
  even[even.length - 1] = (even.at(-1) ?? 0) & 0xfe;
  return [
    { why: 'exponent 1', public_key: { ...jwk, e: 'AQ' } },
    { why: 'exponent 3', public_key: { ...jwk, e: 'Aw' } },
    { why: 'too small', public_key: { ...jwk, n: modulus.subarray(0, 128).toString('base64url') } },
    { why: 'too large', public_key: { ...jwk, n: Buffer.alloc(1024, 0xfd).toString('base64url') } },
    {
      why: 'not in whole bytes',
      public_key: { ...jwk, n: Buffer.concat([Buffer.from([0x7f]), modulus]).toString('base64url') },
    },
    { why: 'even', public_key: { ...jwk, n: even.toString('base64url') } },
    { why: 'a small factor', public_key: { ...jwk, n: Buffer.alloc(256, 0xff).toString('base64url') } },
    {
      why: 'zeros in front',
      public_key: { ...jwk, n: Buffer.concat([Buffer.alloc(1), modulus]).toString('base64url') },
    },
    { why: 'padding', public_key: { ...jwk, n: `${jwk.n}==` } },
    {
      why: 'another kind',
      public_key: { kty: 'OKP', crv: 'Ed25519', x: fixed('x', 32).toString('base64url') },
    },
    { why: 'for signing', public_key: { ...jwk, use: 'sig' } },
    { why: 'private', public_key: clientKeyPem },
    { why: 'no key at all', public_key: 'hello' },
  ];
}
