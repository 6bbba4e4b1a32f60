import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePorts } from '../support/free-ports.ts';
import { gatewaysOff } from '../support/gateways-off.ts';
import { type BuiltImage, buildImage } from '../support/image-build.ts';
import { isLong } from '../support/long.ts';
import { until } from '../support/test-server.ts';

const nobody = 65_534;

describe('the image', { skip: isLong ? false : 'only in the long run: it installs everything anew' }, () => {
  const root = mkdtempSync(path.join(tmpdir(), 'letterlock-image-'));
  let image: BuiltImage;
  before(async () => {
    chmodSync(root, 0o755);
    image = await buildImage(root);
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  test('holds what the program needs, and nothing that only building it needs', () => {
    assert.notEqual(image.user, 'root');
    const packages = readdirSync(path.join(image.folder, 'node_modules'));
    assert.ok(packages.includes('better-sqlite3'));
    for (const each of ['typescript', 'oxlint', 'prettier', 'drizzle-kit']) {
      assert.ok(!packages.includes(each), each);
    }
    assert.ok(!existsSync(path.join(image.folder, 'src')));
  });

  test('serves as somebody who may write to its volumes alone, and its health check says so', async () => {
    const [port = 0] = await freePorts(1);
    const isRoot = process.getuid?.() === 0;
    // As anybody's /tmp is.
    const shared = path.join(root, 'tmp');
    mkdirSync(shared);
    chmodSync(shared, 0o1777);
    const inImage = {
      cwd: image.folder,
      ...(isRoot ? { uid: nobody, gid: nobody } : {}),
      env: {
        PATH: process.env['PATH'] ?? '',
        ...image.environment,
        ...gatewaysOff,
        LISTEN_HTTP: `http://127.0.0.1:${port}`,
        LISTEN_ADMIN: (image.environment['LISTEN_ADMIN'] ?? '').replace('unix:/tmp/', `unix:${shared}/`),
      },
    };
    const [program = '', ...words] = image.command;
    const server = spawn(program, words, { ...inImage, stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    server.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const ended = once(server, 'exit') as Promise<[number | null]>;
    const [check = '', ...checkWords] = image.healthCheck.map((word) => word.replace(':3000', `:${port}`));
    const healthCheck = async (): Promise<number | null> => {
      const [code] = (await once(spawn(check, checkWords, inImage), 'exit')) as [number | null];
      return code;
    };
    try {
      assert.equal(await healthCheck(), 1);
      await until(async () => {
        assert.equal(server.exitCode, null, log);
        return log.includes('listening') || undefined;
      }, 'a listener');
      assert.equal(await healthCheck(), 0);
      assert.equal((await fetch(`http://127.0.0.1:${port}/docs`)).status, 200);
      const console = spawn(program, [...words, 'admin', 'stats'], { ...inImage, stdio: 'ignore' });
      assert.deepEqual(await once(console, 'exit'), [0, null]);
    } finally {
      server.kill('SIGTERM');
    }
    assert.deepEqual(await ended, [0, null], log);
  });
});
