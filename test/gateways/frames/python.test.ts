import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, before, describe, test } from 'node:test';
import { passwordOf, registered } from '../../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../../support/test-server.ts';

const skip = spawnSync('python3', ['--version']).status === 0 ? false : 'there is no python3 here';
const script = path.join(import.meta.dirname, '../../../../test/gateways/frames/client.py');

describe('frames, as another language reads them', { skip }, () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ LISTEN_FRAMES: 'tls://127.0.0.1:0' });
  });
  after(() => server.end());

  const ends: (() => void)[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  /** The program, and its next line. */
  const python = () => {
    const { hostname, port } = new URL(server.gatewayUrls['frames']!);
    const child = spawn('python3', [script, hostname, port], { stdio: ['pipe', 'pipe', 'inherit'] });
    ends.push(() => child.kill());
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const say = (...words: unknown[]): void => void child.stdin.write(`${JSON.stringify(words)}\n`);
    const next = async (): Promise<unknown[]> => {
      const { value, done } = await lines.next();
      assert.equal(done, false, 'the program goes on');
      return JSON.parse(value) as unknown[];
    };
    return { say, next };
  };

  test('somebody registers, asks for the salt, logs in, talks, changes the password and goes', async () => {
    const ada = await registered(server.url, 'ada');
    const { say, next } = python();
    const hash = async (password: string, salt: string): Promise<string> => {
      say('hash', password, salt);
      return String((await next())[1]);
    };
    const got = async (type: string): Promise<Record<string, unknown>> => {
      const [what, name, data] = await next();
      assert.deepEqual([what, name], ['got', type], JSON.stringify(data));
      return data as Record<string, unknown>;
    };
    say('connect');
    assert.match(String((await next())[1]), /^TLSv1\.[23]$/);
    const own = 'c3'.repeat(32);
    const password = await hash(passwordOf('bert'), own);
    say('send', 'REG', { login: 'bert', password, email: 'bert@example.org' });
    await got('ACK');
    say('send', 'LOG', { login: 'bert', password: 'X' });
    const { login, password: answer } = await got('LOG');
    assert.equal(login, 'bert');
    assert.equal(String(answer).length, 128);
    say('send', 'LOG', { login, password: await hash(passwordOf('bert'), String(answer).slice(0, 64)) });
    assert.equal(typeof (await got('SES'))['session'], 'number');
    assert.deepEqual(await got('LIS'), { users: ['ada', 'Général'] });
    say('send', 'UPD', { reciever: 'ada' });
    say('send', 'MSG', { reciever: 'ada', msg: 'grüße von einem 🐍' });
    assert.match(
      String((await got('HIS'))['history']),
      /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] bert: grüße von einem 🐍$/,
    );
    await ada.must('/send_message', { to: 'bert', message: 'grüße zurück' });
    assert.equal(((await got('HIS'))['history'] as string[]).length, 2);
    say('send', 'MSG', { reciever: 'nobody-at-all', msg: 'x' });
    await got('ERR');
    say('send', 'UPD', { reciever: null });
    say('send', 'CHP', { password: await hash('quite another secret', 'd4'.repeat(32)) });
    await got('ACK');
    say('send', 'DEL', {});
    await got('ACK');
    assert.deepEqual(await next(), ['end']);
  });
});
