import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { contentEncryptions } from '../../src/crypto/content-encryption.ts';
import { verifyIdentitySignature } from '../../src/crypto/identity.ts';
import { decryptMessage, readMessageJwe } from '../../src/crypto/message-jwe.ts';
import { readRsaPublicKey } from '../../src/crypto/rsa-public-key.ts';
import { importRsaPrivateKey, oaepDecrypt } from '../../src/crypto/rsa-private-key.ts';

/** Project Wycheproof's vectors, through our own wrappers. */
const folder = path.join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'vectors');
const skip = existsSync(folder) ? false : 'the vectors are not here';

interface Case {
  readonly tcId: number;
  readonly result: 'valid' | 'invalid' | 'acceptable';
  readonly [member: string]: unknown;
}
interface Group {
  readonly tests: readonly Case[];
  readonly [member: string]: unknown;
}

function groups(file: string): Group[] {
  if (skip !== false) return [];
  return (JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as { testGroups: Group[] }).testGroups;
}

const hex = (value: unknown): Buffer => Buffer.from(String(value), 'hex');

describe('Wycheproof', { skip }, () => {
  test('AES-GCM opens what is valid and nothing else, of our sizes only', () => {
    const { A256GCM } = contentEncryptions;
    let opened = 0;
    for (const group of groups('aes_gcm_test.json')) {
      for (const each of group.tests) {
        const plaintext = A256GCM.open(
          hex(each['key']),
          hex(each['iv']),
          hex(each['aad']),
          hex(each['ct']),
          hex(each['tag']),
        );
        const ours = group['keySize'] === 256 && group['ivSize'] === 96 && group['tagSize'] === 128;
        if (ours && each.result === 'valid') {
          assert.deepEqual(plaintext, hex(each['msg']), `case ${each.tcId}`);
          opened += 1;
        } else {
          assert.equal(plaintext, null, `case ${each.tcId}`);
        }
      }
    }
    assert.ok(opened > 30);
  });

  test('A256CBC-HS512 opens what is valid and nothing else', () => {
    const cipher = contentEncryptions['A256CBC-HS512'];
    let opened = 0;
    for (const group of groups('a256cbc_hs512_test.json')) {
      for (const each of group.tests) {
        const plaintext = cipher.open(
          hex(each['key']),
          hex(each['iv']),
          hex(each['aad']),
          hex(each['ct']),
          hex(each['tag']),
        );
        assert.deepEqual(plaintext, each.result === 'valid' ? hex(each['msg']) : null, `case ${each.tcId}`);
        if (plaintext !== null) opened += 1;
      }
    }
    assert.ok(opened > 10);
  });

  for (const bits of [2048, 3072, 4096]) {
    test(`RSA-OAEP-256 of ${bits} bits decrypts what is valid and nothing else`, async () => {
      let decrypted = 0;
      for (const group of groups(`rsa_oaep_${bits}_sha256_mgf1sha256_test.json`)) {
        const key = importRsaPrivateKey(hex(group['privateKeyPkcs8']));
        for (const each of group.tests) {
          const plaintext = await oaepDecrypt(key, hex(each['ct']));
          // Ours is the empty label: a message under another one must not open.
          const valid = each.result === 'valid' && each['label'] === '';
          assert.deepEqual(plaintext, valid ? hex(each['msg']) : null, `case ${each.tcId}`);
          if (valid) decrypted += 1;
        }
      }
      assert.ok(decrypted > 5);
    });
  }

  test('Ed25519 accepts what is valid and nothing else', () => {
    for (const group of groups('ed25519_test.json')) {
      const { pk } = group['publicKey'] as { pk: string };
      const x = hex(pk).toString('base64url');
      for (const each of group.tests) {
        const accepted = verifyIdentitySignature({ x }, hex(each['msg']), hex(each['sig']));
        assert.equal(accepted, each.result === 'valid', `case ${each.tcId}`);
      }
    }
  });

  test('JWE: what opens is what policy allows, and is right', async () => {
    let opened = 0;
    for (const group of groups('json_web_encryption_test.json')) {
      const jwk = group['private'] as Record<string, string> | undefined;
      if (jwk?.['kty'] !== 'RSA') continue;
      const pkcs8 = createPrivateKey({ key: jwk, format: 'jwk' }).export({ format: 'der', type: 'pkcs8' });
      const key = importRsaPrivateKey(pkcs8);
      for (const each of group.tests) {
        const message = readMessageJwe(String(each['jwe']));
        const plaintext = message === null ? null : await decryptMessage(message, key);
        if (plaintext === null) continue;
        assert.equal(each.result, 'valid', `case ${each.tcId}`);
        if (each['pt'] !== undefined) assert.deepEqual(plaintext, hex(each['pt']), `case ${each.tcId}`);
        opened += 1;
      }
    }
    assert.ok(opened > 0);
  });

  test('JWK: none of the keys there is one that a session is opened for', () => {
    for (const group of groups('json_web_key_test.json')) {
      for (const half of [group['private'], group['public']]) {
        const keys = (half as { keys?: unknown[] } | undefined)?.keys ?? [half];
        for (const key of keys) assert.ok(!readRsaPublicKey(key).ok, JSON.stringify(key));
      }
    }
  });
});
