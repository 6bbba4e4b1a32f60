import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { readRsaPublicKey } from '../../src/crypto/rsa-public-key.ts';

const pair = (modulusLength: number, publicExponent = 65537) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent });
const { publicKey, privateKey } = pair(2048);
const jwk = publicKey.export({ format: 'jwk' }) as { kty: string; n: string; e: string };
const spki = publicKey.export({ format: 'der', type: 'spki' });
const pkcs1 = publicKey.export({ format: 'der', type: 'pkcs1' });
const pem = String(publicKey.export({ format: 'pem', type: 'spki' }));
const modulus = Buffer.from(jwk.n, 'base64url');

const altered = (change: (bytes: Buffer) => void): { kty: string; n: string; e: string } => {
  const bytes = Buffer.from(modulus);
  change(bytes);
  return { ...jwk, n: bytes.toString('base64url') };
};

describe('a public key', () => {
  test('is the same key in every form it may come in', () => {
    const forms = [
      pem,
      pem.replaceAll('\n', '\r\n'),
      String(publicKey.export({ format: 'pem', type: 'pkcs1' })),
      spki.toString('base64'),
      pkcs1.toString('base64'),
      jwk,
      { ...jwk, alg: 'RSA-OAEP-256', use: 'enc', ext: true, key_ops: ['encrypt'] },
    ];
    for (const form of forms) {
      const read = readRsaPublicKey(form);
      assert.ok(read.ok, JSON.stringify(read));
      assert.deepEqual([read.key.modulus, read.key.bits], [jwk.n, 2048]);
      assert.deepEqual(read.key.spki, spki);
      assert.ok(read.key.keyObject.equals(publicKey));
    }
    assert.ok(readRsaPublicKey(pair(4096).publicKey.export({ format: 'jwk' })).ok);
    assert.ok(readRsaPublicKey(pair(2056).publicKey.export({ format: 'jwk' })).ok);
  });

  const privateReason = /private key/;
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const refused: [string, () => unknown, RegExp][] = [
    ['too small', () => pair(1024).publicKey.export({ format: 'jwk' }), /shorter than 2048/],
    [
      'too small, as DER',
      () => pair(1024).publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
      /shorter/,
    ],
    ['too large', () => ({ ...jwk, n: Buffer.alloc(2048, 0xff).toString('base64url') }), /longer than 4096/],
    ['not in whole bytes', () => altered((bytes) => (bytes[0] = 0x7f)), /whole bytes/],
    ['even', () => altered((bytes) => (bytes[255] = (bytes[255] ?? 0) & 0xfe)), /even/],
    [
      'divisible by three',
      () => ({ ...jwk, n: Buffer.alloc(256, 0xff).toString('base64url') }),
      /small factor/,
    ],
    ['with exponent 1', () => ({ ...jwk, e: 'AQ' }), /exponent/],
    ['with exponent 3', () => ({ ...jwk, e: 'Aw' }), /exponent/],
    ['with a padded exponent', () => ({ ...jwk, e: 'AAEAAQ' }), /exponent/],
    [
      'with exponent 3, as PEM',
      () => pair(2048, 3).publicKey.export({ format: 'pem', type: 'spki' }),
      /exponent/,
    ],
    [
      'with zeros in front',
      () => ({ ...jwk, n: Buffer.concat([Buffer.alloc(1), modulus]).toString('base64url') }),
      /zeros/,
    ],
    [
      'with loose bits',
      () => ({ ...jwk, n: `${jwk.n.slice(0, -1)}${jwk.n.endsWith('x') ? 'y' : 'x'}` }),
      /canonical/,
    ],
    ['padded base64url', () => ({ ...jwk, n: `${jwk.n}==` }), /canonical/],
    ['for signing', () => ({ ...jwk, use: 'sig' }), /use/],
    ['for another algorithm', () => ({ ...jwk, alg: 'RSA-OAEP' }), /algorithm/],
    ['for other operations', () => ({ ...jwk, key_ops: ['verify'] }), /operations/],
    ['of another kind', () => ec.publicKey.export({ format: 'jwk' }), /another kind/],
    ['of another kind, as PEM', () => ec.publicKey.export({ format: 'pem', type: 'spki' }), /another kind/],
    ['private, as JWK', () => privateKey.export({ format: 'jwk' }), privateReason],
    ['private, as PKCS#8', () => privateKey.export({ format: 'pem', type: 'pkcs8' }), privateReason],
    ['private, as PKCS#1', () => privateKey.export({ format: 'pem', type: 'pkcs1' }), privateReason],
    [
      'private, as DER',
      () => privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
      privateReason,
    ],
    [
      'private, as PKCS#1 DER',
      () => privateKey.export({ format: 'der', type: 'pkcs1' }).toString('base64'),
      privateReason,
    ],
    [
      'private and encrypted',
      () => privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-128-cbc', passphrase: 'x' }),
      privateReason,
    ],
    ['cut short', () => spki.subarray(0, 200).toString('base64'), /DER/],
    ['with bytes behind', () => Buffer.concat([spki, Buffer.alloc(1)]).toString('base64'), /left over/],
    ['in base64 that is not canonical', () => spki.toString('base64url'), /canonical/],
    ['twice', () => pem + pem, /single/],
    ['a certificate', () => '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', /PEM/],
    ['far too long', () => 'A'.repeat(100_000), /too long/],
    ['a number', () => 7, /neither/],
    ['null', () => null, /neither/],
    ['a list', () => [jwk], /neither/],
  ];
  for (const [name, make, reason] of refused) {
    test(`is refused when it is ${name}`, () => {
      const read = readRsaPublicKey(make());
      assert.ok(!read.ok);
      assert.match(read.reason, reason);
    });
  }

  test('is not canonical with any one byte of its frame changed', () => {
    const frame = spki.length - 256 - 5;
    for (let at = 0; at < spki.length; at++) {
      if (at >= frame && at < spki.length - 5) continue;
      const bytes = Buffer.from(spki);
      bytes[at] = (bytes[at] ?? 0) ^ 0x01;
      assert.ok(!readRsaPublicKey(bytes.toString('base64')).ok, `byte ${at}`);
    }
  });
});
