import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TLSSocket, connect } from 'node:tls';
import { describe, test } from 'node:test';
import { createSelfSignedCertificate, ownIssuer } from '../../../src/crypto/certificate.ts';
import { passwordOf } from '../../support/sealed-client.ts';
import { newFolder, removeFolder, startServerProcess } from '../../support/server-process.ts';
import { until } from '../../support/test-server.ts';
import { FramesClient } from './frames-client.ts';

/** The fingerprint of the certificate that a listener shows now. */
async function shownAt(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect(
      { host: hostname, port: Number(port), rejectUnauthorized: false },
      () => {
        resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
        socket.destroy();
      },
    );
    socket.once('error', reject);
  });
}

const fingerprint = (pem: string | Buffer): string => new X509Certificate(pem).fingerprint256;

describe('the certificate', () => {
  test('is made at first start, and another one is taken at SIGHUP without dropping anybody', async () => {
    const folder = newFolder();
    const server = await startServerProcess(folder, {
      LISTEN_HTTP: 'https://127.0.0.1:0',
      LISTEN_FRAMES: 'tls://127.0.0.1:0',
      LISTEN_RESET: 'https://127.0.0.1:0',
    });
    try {
      const at = (name: string): string => {
        const line = new RegExp(`"message":"listening","gateway":"${name}","url":"([^"]+)"`).exec(
          server.log(),
        );
        return line?.[1] ?? '';
      };
      const urls = [at('frames'), at('reset'), server.url];
      const file = path.join(folder, 'keys', 'tls.crt');
      const key = path.join(folder, 'keys', 'tls.key');
      const own = readFileSync(file);
      const made = new X509Certificate(own);
      assert.ok(made.issuer.includes(ownIssuer) && made.checkIP('127.0.0.1') !== undefined);
      assert.equal(new Date(made.validTo).getUTCFullYear(), new Date().getUTCFullYear() + 10);
      for (const url of urls) assert.equal(await shownAt(url), fingerprint(own));
      const client = await FramesClient.seated(at('frames'), 'ada', passwordOf('ada'));
      client.send('UPD', { reciever: 'Général' });

      const reloads = (word: string): number => server.log().split(word).length - 1;
      const hangUp = async (word: string): Promise<void> => {
        const before = reloads(word);
        server.child.kill('SIGHUP');
        await until(async () => (reloads(word) > before ? true : undefined), word);
      };
      const another = await createSelfSignedCertificate({
        names: ['localhost'],
        addresses: ['127.0.0.1'],
        now: Date.now(),
        years: 1,
      });
      writeFileSync(file, another.certificatePem);
      await hangUp('the one before stays');
      for (const url of urls) assert.equal(await shownAt(url), fingerprint(own), 'its key is not there yet');
      writeFileSync(key, another.keyPem);
      await hangUp('the certificate was read again');
      for (const url of urls) assert.equal(await shownAt(url), fingerprint(another.certificatePem));

      const nearItsEnd = await createSelfSignedCertificate({
        names: ['localhost'],
        addresses: [],
        now: Date.now() - 364 * 24 * 60 * 60 * 1000,
        years: 1,
      });
      writeFileSync(file, nearItsEnd.certificatePem);
      writeFileSync(key, nearItsEnd.keyPem);
      await hangUp('the certificate was read again');
      const renewed = readFileSync(file);
      assert.notEqual(fingerprint(renewed), fingerprint(nearItsEnd.certificatePem));
      assert.equal(await shownAt(at('frames')), fingerprint(renewed));

      client.send('MSG', { reciever: 'Général', msg: 'still here' });
      await client.until('HIS');
      client.close();
    } finally {
      await server.stop('SIGTERM');
      removeFolder(folder);
    }
  });
});
