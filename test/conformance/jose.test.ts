import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CompactEncrypt, calculateJwkThumbprint, compactDecrypt } from 'jose';
import { contentEncryptions } from '../../src/crypto/content-encryption.ts';
import { readIdentity, createIdentityPem } from '../../src/crypto/identity.ts';
import { decryptMessage, encryptMessage, readMessageJwe } from '../../src/crypto/message-jwe.ts';
import { generateRsaKeyPair, importRsaPrivateKey } from '../../src/crypto/rsa-private-key.ts';
import { readRsaPublicKey } from '../../src/crypto/rsa-public-key.ts';
import {
  openAnswer,
  openSealedRequest,
  readSealedRequest,
  sealAnswer,
  sealRequest,
} from '../../src/crypto/sealed-payload.ts';

/** `jose`, an independent library, as a second opinion in both directions. */
describe('jose', () => {
  for (const enc of ['A256GCM', 'A256CBC-HS512'] as const) {
    const key = randomBytes(contentEncryptions[enc].keyBytes);

    test(`opens answers that we seal with ${enc}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.nat(), async (text, re) => {
          const token = sealAnswer(enc, key, { re, status: 200 }, text);
          const { plaintext, protectedHeader } = await compactDecrypt(token, key);
          assert.equal(Buffer.from(plaintext).toString(), text);
          assert.deepEqual(protectedHeader, { alg: 'dir', enc, re, status: 200 });
        }),
        { numRuns: 50 },
      );
    });

    test(`seals requests with ${enc} that we open`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.string(), fc.integer({ min: 1 }), async (text, seq) => {
          const header = { alg: 'dir', enc, htu: '/me', idem: 'x'.repeat(16), seq };
          const token = await new CompactEncrypt(Buffer.from(text)).setProtectedHeader(header).encrypt(key);
          const request = readSealedRequest(token);
          assert.equal(request.kind, 'sealed');
          if (request.kind !== 'sealed') return;
          assert.deepEqual(request.header, { enc, seq, htu: '/me', idem: 'x'.repeat(16) });
          assert.equal(openSealedRequest(request, enc, key)?.toString(), text);
        }),
        { numRuns: 50 },
      );
    });

    test(`and our own client's side agree with ${enc}`, async () => {
      const token = sealRequest(enc, key, { seq: 7, htu: '/encrypt/ä"\\' }, '{"a":1}');
      const { protectedHeader } = await compactDecrypt(token, key);
      assert.deepEqual(protectedHeader, { alg: 'dir', enc, seq: 7, htu: '/encrypt/ä"\\' });
      const request = readSealedRequest(token);
      assert.ok(request.kind === 'sealed' && request.header.htu === '/encrypt/ä"\\');
      const answer = await new CompactEncrypt(Buffer.from('{}'))
        .setProtectedHeader({ alg: 'dir', enc, re: 7, status: 404, rot: true })
        .encrypt(key);
      assert.deepEqual(openAnswer(answer, enc, key), {
        header: { re: 7, status: 404, rot: true },
        plaintext: '{}',
      });
    });
  }

  test('decrypts messages that we encrypt, and the other way round', async () => {
    const { publicKey, pkcs8 } = await generateRsaKeyPair(2048);
    const own = importRsaPrivateKey(pkcs8);
    const { plaintext, protectedHeader } = await compactDecrypt(
      encryptMessage(publicKey, Buffer.from('ü')),
      (await import('node:crypto')).createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }),
    );
    assert.equal(Buffer.from(plaintext).toString(), 'ü');
    assert.deepEqual(protectedHeader, { alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: publicKey.kid });
    for (const enc of ['A256GCM', 'A256CBC-HS512']) {
      const token = await new CompactEncrypt(Buffer.from('hello'))
        .setProtectedHeader({ alg: 'RSA-OAEP-256', enc })
        .encrypt(publicKey.keyObject);
      const message = readMessageJwe(token);
      assert.ok(message);
      assert.equal((await decryptMessage(message, own))?.toString(), 'hello');
    }
  });

  test('computes the same thumbprints', async () => {
    const identity = readIdentity(createIdentityPem());
    assert.equal(identity.keyId, await calculateJwkThumbprint({ ...identity.publicJwk }));
    const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
    const read = readRsaPublicKey(jwk);
    assert.ok(read.ok);
    assert.equal(read.key.kid, await calculateJwkThumbprint({ ...jwk }));
  });
});
