import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { ManualClock } from '../../support/manual-clock.ts';
import { SealedClient, registered } from '../../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../../support/test-server.ts';

const source = path.join(
  import.meta.dirname,
  '..',
  '..',
  '..',
  '..',
  'test',
  'gateways',
  'vws',
  'Client.java',
);
const minute = 60_000;
const blocked = '202 Account block. Change the password!';

/** The client of another language, as a process that takes commands. */
class JavaClient {
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly lines: AsyncIterator<string>;
  private complaints = '';

  constructor(url: string) {
    this.process = spawn('java', [source, `${url}/vws`]);
    this.process.stderr.on('data', (chunk) => (this.complaints += String(chunk)));
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  /** Status and error of one request, and the message it brought. */
  async ask(...words: string[]): Promise<{ said: string; message: string }> {
    this.process.stdin.write(`${words.join('\t')}\n`);
    const line = await this.lines.next();
    if (line.done === true) throw new Error(`the client has ended: ${this.complaints}`);
    const [status = '', error = '', message = ''] = line.value.split('\t');
    return { said: `${status} ${error}`.trim(), message: Buffer.from(message, 'base64').toString() };
  }

  async says(expected: string, ...words: string[]): Promise<string> {
    const { said, message } = await this.ask(...words);
    assert.equal(said, expected, words.join(' '));
    return message;
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('close', resolve));
    this.process.stdin.end();
    await ended;
  }
}

const hasJava = spawnSync('java', ['-version']).status === 0;

describe('a client in another language', { skip: hasJava ? false : 'java is not installed here' }, () => {
  const clock = new ManualClock();
  let server: TestServer;
  let client: JavaClient;
  before(async () => {
    server = await startTestServer({ VWS_COMPAT: 'on' }, { clock });
    client = new JavaClient(server.url);
  });
  after(async () => {
    await client.end();
    await server.end();
  });

  test('leads an account through its whole life', async () => {
    const email = 'oldtimer@example.org';
    await client.says('200', 'create_session_key');
    await client.says('201 No authorization', 'encrypt', 'oldtimer', 'x');
    await client.says('201 Password format not corrected', 'register_user', 'oldtimer', email, 'weak');
    await client.says('200', 'register_user', 'oldtimer', email, 'Str0ng_1');

    const modern = await registered(server.url, 'moderner');
    const text = 'grüße, 你好 🙂';
    const toModern = await client.says('200', 'encrypt', 'moderner', text);
    assert.equal(String((await modern.must('/decrypt', { message: toModern }))['message']), text);
    const toOld = String((await modern.must('/encrypt/oldtimer', { message: text }))['message']);
    assert.equal(await client.says('200', 'decrypt', toOld), text);
    await client.says('201 No authorization', 'decrypt', toModern);
    await client.says('201 User is not found', 'encrypt', 'no body', text);

    await client.says('201 Username is busy', 'change_username', 'moderner', 'Str0ng_1');
    await client.says('200', 'change_username', 'Ölfass', 'Str0ng_1');
    await client.says('200', 'encrypt', 'Ölfass', text);
    await client.says('201 Password is wrong', 'change_password', 'Wr0ng_11', 'Str0ng_2');
    await client.says('200', 'change_password', 'Str0ng_1', 'Str0ng_2');

    await client.says('200', 'create_session_key');
    for (let at = 0; at < 5; at++)
      await client.says('201 Password is wrong', 'login_user', email, 'Str0ng_1');
    await client.says(blocked, 'login_user', email, 'Str0ng_2');
    await client.says('200', 'forgot_password', email);
    const code = /^ {4}([A-Z0-9]{6})$/m.exec(await server.mailTo(email, 1))?.[1] ?? '';
    await client.says('201 Invalid code', 'confirm_forgot_password', '000000');
    await client.says('201 Invalid session', 'final_forgot_password', 'Str0ng_3');
    await client.says('200', 'confirm_forgot_password', code);
    await client.says('200', 'final_forgot_password', 'Str0ng_3');
    await client.says('200', 'login_user', email, 'Str0ng_3');
    assert.equal(await client.says('200', 'decrypt', toOld), text);

    const sealed = await SealedClient.open(server.url);
    await sealed.must('/login_user', { username: 'Ölfass', password: 'Str0ng_3' });
    assert.equal(String((await sealed.must('/decrypt', { message: toOld }))['message']), text);
    await sealed.must('/delete_account', { password: 'Str0ng_3' });
    await client.says('201 No authorization', 'decrypt', toOld);
  });

  test('is told of an id that was used, and of one that is over', async () => {
    await client.says('200', 'create_session_key');
    await client.says('201 No authorization', 'decrypt', 'x');
    await client.ask('use_old_id');
    await client.says('404 "Session not found!"', 'decrypt', 'x');
    await client.says('200', 'create_session_key');
    clock.advance(60 * minute);
    await client.says('408 "Session timeout exceeded!"', 'decrypt', 'x');
  });
});
