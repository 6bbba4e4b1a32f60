import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { done as doneWith, sentence, type Outcome } from '../../src/admin/report.ts';
import { askServer } from '../../src/admin/socket/client.ts';
import { type AdminSocket, openAdminSocket } from '../../src/admin/socket/server.ts';
import { createLogger } from '../../src/logger.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { newFolder, removeFolder, spawnServer, startServerProcess } from '../support/server-process.ts';
import { until } from '../support/test-server.ts';
import { admin, done } from './admin-shell.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = newFolder();
  file = path.join(folder, 'data', 'admin.sock');
});
afterEach(() => removeFolder(folder));

describe('the socket of a server', () => {
  test('is for its owner only, and gone when the server is, which shutdown ends in order', async () => {
    const server = await startServerProcess(folder);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(path.dirname(file)).mode & 0o777, 0o700);
    const exited = once(server.child, 'exit');
    assert.equal(await done(folder, 'shutdown'), 'The server stops.\n');
    assert.deepEqual(await exited, [0, null]);
    assert.match(server.log(), /"message":"stopped"/);
    assert.equal(statSync(file, { throwIfNoEntry: false }), undefined);
  });

  test('is taken over from a server that was killed', async () => {
    const killed = await startServerProcess(folder);
    await killed.stop('SIGKILL');
    assert.ok(statSync(file).isSocket());
    assert.match((await admin(folder, 'users')).stderr, /is not running: it left its socket behind/);
    const server = await startServerProcess(folder);
    assert.match(await done(folder, 'users'), /0 users/);
    await server.stop('SIGTERM');
  });

  test('is not taken from a server that lives', async () => {
    const server = await startServerProcess(folder);
    const said = await failsToStart({
      DATABASE_URL: 'sqlite:./other/letterlock.db',
      KEYS_DIR: './other/keys',
    });
    assert.match(said, /Another server listens on .*admin\.sock: stop it, or choose another path/);
    assert.match(await done(folder, 'users'), /0 users/, 'the first one still answers');
    await server.stop('SIGTERM');
  });

  test('is not put where others can write, nor in the place of something else', async () => {
    const open = path.join(folder, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    const said = await failsToStart({ LISTEN_ADMIN: `unix:${open}/admin.sock` });
    assert.match(said, /can be written to by others/);
    writeFileSync(path.join(folder, 'notes'), 'precious');
    assert.match(await failsToStart({ LISTEN_ADMIN: 'unix:./notes' }), /is there and is no socket/);
    assert.equal(readFileSync(path.join(folder, 'notes'), 'utf8'), 'precious');
    const long = `unix:./${'x'.repeat(120)}/admin.sock`;
    assert.match(await failsToStart({ LISTEN_ADMIN: long }), /too long for a socket/);
    assert.match(await failsToStart({ LISTEN_ADMIN: 'tcp://127.0.0.1:1' }), /neither off nor of the form/);
  });

  test('is not there when it is off', async () => {
    const server = await startServerProcess(folder, { LISTEN_ADMIN: 'off' });
    assert.equal(statSync(file, { throwIfNoEntry: false }), undefined);
    await server.stop('SIGTERM');
  });

  async function failsToStart(environment: Record<string, string>): Promise<string> {
    const { child, log } = spawnServer(folder, environment);
    child.stderr?.on('data', () => {
      if (log().includes('"listening"')) child.kill('SIGKILL');
    });
    const [code] = (await once(child, 'close')) as [number | null];
    assert.ok(code !== 0 && code !== null, log());
    assert.doesNotMatch(log(), /\n\s+at /, 'a sentence, not a stack trace');
    return log();
  }
});

describe('the protocol of the socket', () => {
  let socket: AdminSocket;
  let clock: ManualClock;
  /** What the server runs for every line. */
  let answer: (words: readonly string[]) => Promise<Outcome>;
  const logged: string[] = [];

  beforeEach(async () => {
    clock = new ManualClock();
    logged.length = 0;
    answer = async (words) => doneWith(words, sentence('ok'));
    socket = await openAdminSocket({
      file,
      run: (words) => answer(words.map(({ text }) => text)),
      timers: clock,
      logger: createLogger({ level: 'warn', pretty: false, sink: { write: (line) => logged.push(line) } }),
      requestMilliseconds: 10_000,
      answerMilliseconds: 30_000,
    });
  });
  afterEach(async () => {
    clock.advance(60_000);
    await socket.stop();
    assert.deepEqual(logged, []);
  });

  const request = (...words: string[]): string => `${JSON.stringify({ words, yes: false, folder })}\n`;
  const works = async (): Promise<void> => {
    const { data } = await askServer(file, { words: ['users'], yes: false, folder });
    assert.deepEqual(data, ['users']);
  };

  test('answers several commands of a connection in their order, also after its other half is closed', async () => {
    const peer = await open();
    const text = request('a') + request('b') + request('c');
    // Split in the middle of a line.
    peer.write(text.slice(0, 70));
    peer.end(text.slice(70));
    const answers = (await textOf(peer)).trim().split('\n');
    assert.deepEqual(
      answers.map((line) => (JSON.parse(line) as Outcome).data),
      [['a'], ['b'], ['c']],
    );
  });

  test('answers many at once, while one takes its time', async () => {
    const slow = gate();
    answer = async (words) => {
      if (words[0] === 'slow') await slow.promise;
      return doneWith(words);
    };
    const waiting = askServer(file, { words: ['slow'], yes: false, folder });
    await Promise.all(Array.from({ length: 20 }, works));
    clock.advance(120_000);
    slow.resolve();
    assert.deepEqual((await waiting).data, ['slow'], 'a command may take longer than any deadline');
  });

  test('cuts off who says nothing, or never comes to the end of a line', async () => {
    const silent = await open();
    const dripping = await open();
    dripping.write('{"words":');
    await works();
    clock.advance(9_999);
    await works();
    dripping.write('["us');
    clock.advance(1);
    await Promise.all([closed(silent), closed(dripping)]);
  });

  test('answers garbage with what is wrong, and ends with who sends too much', async () => {
    const peer = await open();
    peer.write('hello\n{"words":"x"}\nnull\n');
    peer.end(request('still here'));
    const answers = (await textOf(peer))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Outcome);
    assert.deepEqual(
      answers.map(({ result }) => result),
      ['wrong', 'wrong', 'wrong', 'done'],
    );
    const flood = await open();
    flood.write('x'.repeat(70 * 1024));
    assert.match(await textOf(flood), /too long/);
    await works();
  });

  test('cuts off who does not read, and serves the others meanwhile', async () => {
    const text = 'z'.repeat(8 * 1024 * 1024);
    answer = async (words) => (words[0] === 'much' ? doneWith(text) : doneWith(words));
    const peer = await open();
    peer.pause();
    peer.write(request('much'));
    await works();
    await works();
    clock.advance(30_000);
    await works();
    await closed(peer.resume());
    assert.ok(peer.bytesRead < text.length);
  });

  test('is not disturbed by who leaves before the answer', async () => {
    const late = gate();
    const begun = gate();
    answer = async (words) => {
      if (words[0] !== 'late') return doneWith(words);
      begun.resolve();
      await late.promise;
      return doneWith('x'.repeat(1024 * 1024));
    };
    const peer = await open();
    peer.write(request('late'));
    await begun.promise;
    peer.destroy();
    await works();
    late.resolve();
    await works();
  });

  test('lets a command end, and its answer go out, before it stops', async () => {
    const late = gate();
    const begun = gate();
    answer = async () => {
      begun.resolve();
      await late.promise;
      return doneWith('finished');
    };
    const waiting = askServer(file, { words: ['backup'], yes: false, folder });
    const idle = await open();
    await begun.promise;
    const stopped = socket.stop();
    await closed(idle);
    late.resolve();
    assert.equal((await waiting).data, 'finished');
    await stopped;
    await assert.rejects(askServer(file, { words: [], yes: false, folder }), /No server answers/);
  });

  async function open(): Promise<Socket> {
    const peer = connect({ path: file, allowHalfOpen: false });
    await once(peer, 'connect');
    // Being cut off is what some of them are there for.
    peer.on('error', () => {});
    return peer;
  }
});

async function closed(peer: Socket): Promise<void> {
  peer.resume();
  await until(async () => (peer.closed ? true : undefined), 'the end of a connection');
}

async function textOf(peer: Socket): Promise<string> {
  let text = '';
  for await (const chunk of peer) text += String(chunk);
  return text;
}

/** A promise, and what fulfils it. */
function gate(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((fulfil) => (resolve = fulfil));
  return { promise, resolve };
}
