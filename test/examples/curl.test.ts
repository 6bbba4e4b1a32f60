import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { sealAnswer } from '../../src/crypto/sealed-payload.ts';
import { registered } from '../support/sealed-client.ts';
import {
  type ServerProcess,
  newFolder,
  removeFolder,
  startServerProcess,
} from '../support/server-process.ts';

const folder = path.join(import.meta.dirname, '..', '..', '..', 'examples', 'curl');

interface Run {
  readonly code: number;
  readonly output: string;
}

function bash(script: string, environment: Record<string, string> = {}): Promise<Run> {
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { ...process.env, ...environment }, timeout: 60_000 };
    execFile('bash', ['-c', script], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
    });
  });
}

describe('the example for people with a shell', () => {
  let server: ServerProcess;
  before(async () => {
    server = await startServerProcess(newFolder());
  });
  after(async () => {
    await server.stop('SIGTERM');
    removeFolder(server.folder);
  });

  test('walks through the whole life of an account', async () => {
    const { code, output } = await bash(`./tour.sh ${server.url}`, {
      LETTERLOCK_OUTBOX: path.join(server.folder, 'data', 'outbox'),
    });
    assert.equal(code, 0, output);
    for (const line of [
      'signed by',
      'POST /encrypt/',
      'the code is',
      'POST /final_forgot_password',
      'That was all',
    ]) {
      assert.ok(output.includes(line), `${line} in ${output}`);
    }
  });

  test('shows events as they happen', async () => {
    const user = '{"username":"listener","email":"listener@example.org","password":"a fine long secret"}';
    let isHeard = false;
    const heard = bash(`. ./letterlock.sh
      ll_open_session ${server.url} && ll_call /register_user '${user}'
      ll_events | grep -m 1 '"kind":"message"'`).finally(() => (isHeard = true));
    const speaker = await registered(server.url, 'speaker');
    // What is said before somebody listens does not come as an event.
    while (!isHeard) await speaker.call('/send_message', { to: 'listener', message: 'can you hear me?' });
    assert.match((await heard).output, /"from":"speaker","message":"can you hear me\?"/);
  });

  test('says why there are no events', async () => {
    const { code, output } = await bash(`. ./letterlock.sh
      ll_open_session ${server.url} && ll_events`);
    assert.notEqual(code, 0);
    assert.match(output, /not_logged_in/);
  });

  test('stops at a server with another identity than the one that is pinned', async () => {
    const { code, output } = await bash(`. ./letterlock.sh; ll_open_session ${server.url}`, {
      LETTERLOCK_IDENTITY: 'somebody-else',
    });
    assert.notEqual(code, 0);
    assert.match(output, /another identity/);
  });

  test('stops at a signature that does not fit', async () => {
    // A proxy that puts in a session key of its own cannot sign for it.
    const script = `. ./letterlock.sh
      curl() { command curl "$@" | sed -E 's/("key":")[^Z]/\\1Z/; t; s/("key":")Z/\\1A/'; }
      ll_open_session ${server.url}`;
    const { code, output } = await bash(script);
    assert.notEqual(code, 0);
    assert.match(output, /signature is wrong/);
  });

  const key = Buffer.alloc(64, 7);
  const open = (token: string): Promise<Run> =>
    bash(`. ./letterlock.sh
      LL_MAC_KEY=${key.subarray(0, 32).toString('hex')} LL_ENC_KEY=${key.subarray(32).toString('hex')}
      ll_open '${token}' 5 && printf '%s %s' "$LL_STATUS" "$LL_BODY"`);

  test('opens what the server sealed', async () => {
    const token = sealAnswer('A256CBC-HS512', key, { re: 5, status: 200 }, '{"a":"ü"}');
    assert.deepEqual(await open(token), { code: 0, output: '200 {"a":"ü"}' });
  });

  test('stops at an answer that was altered, or belongs to another request', async () => {
    const token = sealAnswer('A256CBC-HS512', key, { re: 5, status: 200 }, '{}');
    const [header = '', , iv = '', ciphertext = '', tag = ''] = token.split('.');
    const flipped = `${ciphertext.startsWith('A') ? 'B' : 'A'}${ciphertext.slice(1)}`;
    const altered = await open([header, '', iv, flipped, tag].join('.'));
    assert.notEqual(altered.code, 0);
    assert.match(altered.output, /altered/);
    const foreign = await open(sealAnswer('A256CBC-HS512', key, { re: 6, status: 200 }, '{}'));
    assert.notEqual(foreign.code, 0);
    assert.match(foreign.output, /another request/);
  });
});
