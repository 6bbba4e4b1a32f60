import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { makeVectors, vectorKey } from '../../scripts/vectors.ts';
import { findIdentityKey, verifyHandshake } from '../../src/client/identity.ts';
import { importContentKey } from '../../src/client/content-encryption.ts';
import { parseCompactJwe } from '../../src/client/compact-jwe.ts';
import type { ContentEncryption } from '../../src/crypto/content-encryption.ts';
import { importRsaPrivateKey, oaepDecrypt } from '../../src/crypto/rsa-private-key.ts';
import { readRsaPublicKey } from '../../src/crypto/rsa-public-key.ts';
import {
  openAnswer,
  openEvent,
  openSealedRequest,
  readSealedRequest,
} from '../../src/crypto/sealed-payload.ts';

const folder = path.join(import.meta.dirname, '..', '..', '..', 'docs', 'vectors');
const read = <Content>(name: string): Content =>
  JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Content;

interface Sealed {
  readonly enc: ContentEncryption;
  readonly header: Record<string, unknown>;
  readonly plaintext: string;
  readonly payload: string;
}

/** Opens with the SDK's own code. */
async function openedByClient({ enc, payload }: Sealed): Promise<{ header: unknown; plaintext: string }> {
  const jwe = parseCompactJwe(payload);
  const key = await importContentKey(enc, new Uint8Array(vectorKey(enc)));
  const plaintext = jwe && (await key.open(jwe.associatedData, jwe.iv, jwe.ciphertext, jwe.tag));
  return { header: jwe?.header, plaintext: Buffer.from(plaintext ?? []).toString() };
}

describe('the published vectors', () => {
  test('are what the code makes', () => {
    for (const [name, content] of Object.entries(makeVectors())) {
      assert.deepEqual(read(name), JSON.parse(JSON.stringify(content)), `${name}: npm run vectors`);
    }
  });

  test('hold handshakes that the SDK accepts, and keys that unwrap', async () => {
    const file = read<{
      identity: { kid: string };
      client_private_key: string;
      client_public_key: unknown;
      sessions: { answer: Record<string, string> & { enc: ContentEncryption }; session_key_hex: string }[];
    }>('handshake.json');
    const client = readRsaPublicKey(file.client_public_key);
    assert.ok(client.ok);
    const pkcs8 = createPrivateKey(file.client_private_key).export({ format: 'der', type: 'pkcs8' });
    const privateKey = importRsaPrivateKey(pkcs8);
    for (const { answer, session_key_hex } of file.sessions) {
      const identityKey = await findIdentityKey({ keys: [file.identity] }, answer['server_key_id'] ?? '');
      assert.ok(identityKey);
      const { session_key: sessionKey = '', key = '', signature = '', enc } = answer;
      const spki = new Uint8Array(client.key.spki);
      assert.ok(await verifyHandshake(identityKey, { sessionKey, enc, key, signature }, spki));
      assert.ok(!(await verifyHandshake(identityKey, { sessionKey: 'other', enc, key, signature }, spki)));
      const unwrapped = await oaepDecrypt(privateKey, Buffer.from(key, 'base64url'));
      assert.equal(unwrapped?.toString('hex'), session_key_hex);
    }
  });

  test('hold requests that open on both sides', async () => {
    for (const each of read<Sealed[]>('requests.json')) {
      const request = readSealedRequest(each.payload);
      assert.ok(request.kind === 'sealed');
      assert.deepEqual({ alg: 'dir', ...request.header }, each.header);
      assert.equal(openSealedRequest(request, each.enc, vectorKey(each.enc))?.toString(), each.plaintext);
      assert.deepEqual(await openedByClient(each), { header: each.header, plaintext: each.plaintext });
    }
  });

  test('hold answers that open on both sides', async () => {
    for (const each of read<Sealed[]>('answers.json')) {
      const { alg: _, enc: __, ...members } = each.header;
      assert.deepEqual(openAnswer(each.payload, each.enc, vectorKey(each.enc)), {
        header: members,
        plaintext: each.plaintext,
      });
      assert.deepEqual(await openedByClient(each), { header: each.header, plaintext: each.plaintext });
    }
  });

  test('hold events that open on both sides', async () => {
    for (const each of read<Sealed[]>('events.json')) {
      const { alg: _, enc: __, ...members } = each.header;
      assert.deepEqual(openEvent(each.payload, each.enc, vectorKey(each.enc)), {
        header: members,
        plaintext: each.plaintext,
      });
      assert.deepEqual(await openedByClient(each), { header: each.header, plaintext: each.plaintext });
    }
  });

  test('hold tokens that are refused, each with its code', () => {
    for (const { why, code, payload } of read<{ why: string; code: string; payload: string }[]>(
      'refused-tokens.json',
    )) {
      const request = readSealedRequest(payload);
      const kind =
        request.kind === 'sealed'
          ? request.header.htu === '/me' &&
            openSealedRequest(request, 'A256GCM', vectorKey('A256GCM')) !== null
            ? 'accepted'
            : 'rejected'
          : request.kind;
      assert.equal(`payload_${kind}`, code, why);
    }
  });

  test('hold keys that are refused', () => {
    for (const { why, public_key } of read<{ why: string; public_key: unknown }[]>('refused-keys.json')) {
      assert.ok(!readRsaPublicKey(public_key).ok, why);
    }
  });
});
