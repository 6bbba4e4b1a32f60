import { gatewaysOff } from '../support/gateways-off.ts';
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { EventReader } from '../support/event-reader.ts';
import { type SealedClient, registered } from '../support/sealed-client.ts';
import { newFolder, removeFolder } from '../support/server-process.ts';
import { until } from '../support/test-server.ts';
import { done, json, mainModule } from './admin-shell.ts';

/** Gives a shell line a terminal of its own: keys come from stdin, what is seen goes to stdout. */
const onTerminal = `
import os, pty, sys
status = pty.spawn(['/bin/sh', '-c', 'stty cols 120 rows 40; ' + sys.argv[1], 'sh'] + sys.argv[2:])
sys.exit(os.waitstatus_to_exitcode(status))
`;
const hasPython = spawnSync('python3', ['-c', 'import pty']).status === 0;
const escape = String.fromCharCode(27);
const colour = new RegExp(`${escape}\\[\\d*m`);
/** Colours, and what moves the cursor. */
const sequences = new RegExp(`${escape}\\[[\\d;]*[A-Za-z]`, 'g');

class TerminalSession {
  readonly child: ChildProcess;
  private text = '';

  constructor(
    folder: string,
    words: readonly string[],
    environment: Record<string, string> = {},
    shellLine = 'exec "$@"',
  ) {
    this.child = spawn('python3', ['-c', onTerminal, shellLine, process.execPath, mainModule, ...words], {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm-256color', ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.text += text));
  }

  /** Presses keys, and waits for what has to be seen after that. */
  async type(keys: string, expected: RegExp): Promise<string> {
    this.text = '';
    this.child.stdin?.write(keys);
    return this.see(expected);
  }

  async see(expected: RegExp): Promise<string> {
    const look = async () => (expected.test(this.text.replaceAll(sequences, '')) ? this.text : undefined);
    try {
      return await until(look, 'it');
    } catch {
      throw new Error(`never seen: ${String(expected)}, but ${JSON.stringify(this.text)}`);
    }
  }
}

describe('the console on a terminal', { skip: hasPython ? false : 'there is no python3 to make one' }, () => {
  let folder: string;
  let session: TerminalSession;
  let url: string;
  let ada: SealedClient;
  before(async () => {
    folder = newFolder();
    session = new TerminalSession(folder, [], {
      LISTEN_HTTP: 'http://127.0.0.1:0',
      RSA_BITS: '2048',
      LIMITS: 'off',
      ...gatewaysOff,
    });
    const started = await session.see(/serves at (http\S+)\.[^]*letterlock> /);
    url = /serves at (http\S+)\./.exec(started)?.[1] ?? '';
    ada = await registered(url, 'ada');
    for (const room of ['Comptabilité', 'Marketing']) await ada.must('/join_room', { room });
  });
  after(() => {
    if (session.child.exitCode === null) session.child.kill('SIGKILL');
    removeFolder(folder);
  });

  test('runs commands, in colours and aligned', async () => {
    const seen = await session.type('users\r', /1 user, 0 online\s+letterlock> $/);
    assert.match(seen.replaceAll(sequences, ''), /user +role +now +since +kept out\r\nada +user/);
    assert.match(seen, colour);
  });

  test('completes commands, users and rooms at Tab, and runs what it made', async () => {
    await session.type('acc\t', /accept pending $/);
    await session.type('a\t', /ada $/);
    await session.type('comp\t', /Comptabilité$/);
    await session.type(',ma\t', /Marketing$/);
    await session.type('\r', /ada is a member now of Comptabilité, Marketing\./);
    await ada.must('/send_message', { room: 'Marketing', message: 'in\u001b]0;owned\u0007\u202e' });
  });

  test('shows several when Tab fits several', async () => {
    await session.type('un\t', /un$/);
    await session.type('\t', /unkick +unban +unban ip +unkick ip +undo[^]*letterlock> un$/);
    await session.type('\u0015', /letterlock> /);
  });

  test('lets nothing in a message act', async () => {
    const seen = await session.type('messages 1h\r', /1 message\s/);
    assert.match(seen, /in\\u001b\]0;owned\\u0007\\u202e/);
    assert.ok(!seen.includes('\u001b]0;') && !seen.includes('\u202e') && !seen.includes('\u0007'));
  });

  test('says what is right for a wrong line, and has the line before at the up key', async () => {
    await session.type('kick ada soon\r', /"soon" is no time[^]*usage: kick <username> <timeout> <reason>/);
    await session.type('\u001b[A', /kick ada soon$/);
    await session.type('\u0015', /letterlock> /);
  });

  test('kicks who is connected', async () => {
    const events = await EventReader.open(ada);
    await session.type('kick ada 10m "being rude"\r', /1 connection ended/);
    assert.equal(String((await events.next('kicked'))['reason']), 'being rude');
    await events.ended;
    await session.type('undo\r', /Taken back: kick ada/);
    await ada.must('/me');
  });

  test('says whom a ban of an address hits, and asks', async () => {
    await session.type(
      'ban ip 127.0.0.1 rude\r',
      /1 account seen at 127\.0\.0\.1[^]*: ada\.[^]*Go on\? \[y\/N\] $/,
    );
    await session.type('\r', /Nothing was done\./);
    await ada.must('/me');
    await session.type('ban ip 127.0.0.1 rude\r', /Go on\? \[y\/N\] $/);
    await session.type('y\r', /127\.0\.0\.1 is banned/);
    await ada.refused('banned', '/me');
    await session.type('unban ip 127.0.0.1\r', /lifted/);
  });

  test('asks on the terminal of another process, too', async () => {
    const other = new TerminalSession(folder, ['admin', 'kick', 'ip', '127.0.0.1', '1h', 'rude']);
    const ended = once(other.child, 'exit');
    await other.see(/: ada\.[^]*Go on\? \[y\/N\] $/);
    await other.type('n\r', /Nothing was done\./);
    assert.deepEqual(await ended, [1, null]);
    await ada.must('/me');
    const again = new TerminalSession(folder, ['admin', 'kick', 'ip', '127.0.0.1', '1h', 'rude']);
    const endedAgain = once(again.child, 'exit');
    await again.see(/Go on\? \[y\/N\] $/);
    await again.type('y\r', /is kept out until/);
    assert.deepEqual(await endedAgain, [0, null]);
    await ada.refused('kicked', '/me');
    await done(folder, 'unkick', 'ip', '127.0.0.1');
  });

  test('has written all of it down, and ends the server in order at shutdown', async () => {
    assert.equal(Boolean((await json(folder, 'audit'))['whole']), true);
    const ended = once(session.child, 'exit');
    await session.type('shutdown\r', /The server stops\.[^]*stopped/);
    assert.deepEqual(await ended, [0, null]);
  });

  test('is not opened by a server in the background, which reading would stop', async () => {
    const serving = { LISTEN_HTTP: 'http://127.0.0.1:0', RSA_BITS: '2048' };
    const background = new TerminalSession(folder, [], serving, 'set -m; "$@" & wait');
    const ended = once(background.child, 'exit');
    const seen = await background.see(/Ctrl-C stops the server\./);
    assert.match(await done(folder, 'users'), /1 user, 0 online/);
    assert.doesNotMatch(seen, /letterlock> /);
    await done(folder, 'shutdown');
    assert.deepEqual(await ended, [0, null]);
  });

  test('is stopped by Ctrl-C at an empty prompt, and leaves the terminal as it was', async () => {
    const second = new TerminalSession(folder, [], {
      LISTEN_HTTP: 'http://127.0.0.1:0',
      RSA_BITS: '2048',
    });
    await second.see(/letterlock> $/);
    const ended = once(second.child, 'exit');
    await second.type('\u0003', /stopped/);
    assert.deepEqual(await ended, [0, null]);
  });
});
