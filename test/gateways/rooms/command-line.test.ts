import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { WrongPlace, withRoomsPlace } from '../../../src/commands/rooms-place.ts';
import { loadConfig } from '../../../src/config.ts';
import { gatewaysOff } from '../../support/gateways-off.ts';
import { runProgram } from '../../support/program.ts';
import { newFolder, removeFolder } from '../../support/server-process.ts';
import { RoomsClient } from './rooms-client.ts';

const main = path.join(import.meta.dirname, '..', '..', '..', 'src', 'main.js');

describe('-a and -p on the command line', () => {
  const place = (line: string[], LISTEN_ROOMS?: string) =>
    loadConfig(withRoomsPlace({ LISTEN_ROOMS }, line)).gateways.rooms;

  test('go before LISTEN_ROOMS, both or either', () => {
    const clear = { secure: false, path: '' };
    assert.deepEqual(place([]), { ...clear, host: '127.0.0.1', port: 4000 });
    assert.deepEqual(place(['-a', '10.0.0.5', '-p', '4001']), { ...clear, host: '10.0.0.5', port: 4001 });
    assert.deepEqual(place(['-p', '4001']), { ...clear, host: '127.0.0.1', port: 4001 });
    assert.deepEqual(place(['-a', '::1'], 'tls://0.0.0.0:4444'), {
      secure: true,
      host: '::1',
      port: 4444,
      path: '',
    });
    assert.deepEqual(place(['--address=localhost', '--port', '0'], 'off'), {
      ...clear,
      host: 'localhost',
      port: 0,
    });
    assert.equal(place([], 'off'), null);
  });

  test('are refused where they are wrong', () => {
    for (const line of [['-p', '70000'], ['-p', 'x'], ['-a', 'a b'], ['-a'], ['-x'], ['-p', '1', 'more']]) {
      assert.throws(() => place(line), WrongPlace, line.join(' '));
    }
    assert.throws(() => place(['-p', '1'], 'nonsense'), /LISTEN_ROOMS/);
  });

  describe('of the program', () => {
    let folder: string;
    before(() => {
      folder = newFolder();
    });
    after(() => removeFolder(folder));

    test('say where clients come in', async () => {
      const child = spawn(process.execPath, ['--enable-source-maps', main, '-a', '127.0.0.1', '-p', '0'], {
        cwd: folder,
        env: {
          PATH: process.env['PATH'] ?? '',
          LISTEN_HTTP: 'http://127.0.0.1:0',
          RSA_BITS: '2048',
          ...gatewaysOff,
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const exited = once(child, 'exit');
      try {
        let log = '';
        const url = await new Promise<string>((resolve, reject) => {
          child.stderr.on('data', (chunk: Buffer) => {
            log += chunk.toString();
            const [, found] = /"gateway":"rooms","url":"([^"]+)"/.exec(log) ?? [];
            if (found !== undefined) resolve(found);
          });
          child.once('exit', () => reject(new Error(`the server ended: ${log}`)));
        });
        const client = await RoomsClient.open(url);
        await client.leave();
      } finally {
        child.kill('SIGTERM');
        await exited;
      }
    });

    test('end it with a sentence where they are wrong', async () => {
      const { code, stderr } = await runProgram(folder, ['-p', '70000']);
      assert.equal(code, 2);
      assert.match(stderr, /-p takes a port, 0 to 65535; usage: letterlock -a <address> -p <port>/);
      assert.doesNotMatch(stderr, /\n\s+at /);
    });
  });
});
