import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { gatewaysOff } from '../support/gateways-off.ts';
import { missing } from '../support/required-services.ts';
import { until } from '../support/test-server.ts';

const root = path.join(import.meta.dirname, '..', '..', '..');
const unit = readFileSync(path.join(root, 'deploy', 'letterlock.service'), 'utf8');

const hasTools = ['strace', 'systemd-analyze'].every(
  (tool) => spawnSync(tool, ['--version']).error === undefined,
);
/** What SQLite calls for its files as root, and the unit's own user does not. */
const ofRoot = process.getuid?.() === 0 ? ['fchown'] : [];

const skip = hasTools ? false : missing('strace and systemd-analyze are not installed');

/** The system calls of a set and of the sets in it, e.g. `@system-service`. */
function callsOf(set: string): string[] {
  const { stdout } = spawnSync('systemd-analyze', ['syscall-filter', set], { encoding: 'utf8' });
  const named = stdout
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return named.flatMap((name) => (name.startsWith('@') ? callsOf(name) : [name]));
}

/** What the unit lets the program call. */
function allowedCalls(): Set<string> {
  const allowed = new Set<string>();
  for (const [, not = '', sets = ''] of unit.matchAll(/^SystemCallFilter=(~?)(.*)$/gm)) {
    for (const call of sets.split(' ').flatMap(callsOf)) {
      if (not === '') allowed.add(call);
      else allowed.delete(call);
    }
  }
  return allowed;
}

describe('the sandbox of letterlock.service', { skip }, () => {
  test('lets the program start, serve and stop', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'letterlock-sandbox-'));
    const trace = path.join(folder, 'trace');
    const server = spawn(
      'strace',
      ['-f', '-qq', '-o', trace, process.execPath, path.join(root, '.build', 'src', 'main.js')],
      {
        cwd: folder,
        env: {
          PATH: process.env['PATH'],
          ...gatewaysOff,
          LISTEN_HTTP: 'http://127.0.0.1:0',
          LISTEN_ADMIN: `unix:${folder}/run/admin.sock`,
          RSA_BITS: '2048',
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    try {
      let log = '';
      server.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
      const url = await until(
        async () => /"message":"listening","url":"([^"]+)"/.exec(log)?.[1],
        'a listener',
      );
      assert.equal((await fetch(`${url}/readyz`)).status, 200);
      const pid = Number(/^(\d+)/.exec(readFileSync(trace, 'utf8'))?.[1]);
      const ended = once(server, 'exit');
      process.kill(pid, 'SIGTERM');
      assert.deepEqual(await ended, [0, null], log);
      const traced = readFileSync(trace, 'utf8');
      const allowed = allowedCalls();
      assert.ok(allowed.has('read') && !allowed.has('reboot'));
      const called = new Set([...traced.matchAll(/^\d+ +(\w+)\(/gm)].map(([, call = '']) => call));
      assert.ok(called.size > 30);
      assert.deepEqual(
        [...called].filter((call) => !allowed.has(call) && !ofRoot.includes(call)),
        [],
      );
      const families = new Set(/^RestrictAddressFamilies=(.*)$/m.exec(unit)?.[1]?.split(' '));
      const opened = new Set([...traced.matchAll(/\bsocket\((AF_\w+)/g)].map(([, family = '']) => family));
      assert.deepEqual(
        [...opened].filter((family) => !families.has(family)),
        [],
      );
      assert.ok(opened.has('AF_UNIX'));
    } finally {
      server.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
