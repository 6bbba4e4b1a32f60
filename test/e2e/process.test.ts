import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { SealedClient, emailOf, passwordOf, registered } from '../support/sealed-client.ts';
import {
  type ServerProcess,
  newFolder,
  removeFolder,
  spawnServer,
  startServerProcess,
} from '../support/server-process.ts';
import { keepDataInFiles } from '../support/server-database.ts';

keepDataInFiles();

let folder: string;
beforeEach(() => {
  folder = newFolder();
});
afterEach(() => removeFolder(folder));

/** Starts a server that must not start: its exit code, and what it said. */
async function failsToStart(
  environment: Record<string, string> = {},
): Promise<{ code: number | null; said: string }> {
  const { child, log } = spawnServer(folder, environment);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said: log() };
}

async function refusesToStart(expected: RegExp, environment: Record<string, string> = {}): Promise<void> {
  const { code, said } = await failsToStart(environment);
  assert.ok(code !== 0 && code !== null, `exit code ${code}: ${said}`);
  assert.match(said, expected);
  assert.doesNotMatch(said, /\n\s+at /, 'a sentence, not a stack trace');
}

describe('the program', () => {
  test('makes its keys and its database at first start, for its owner only', async () => {
    const server = await startServerProcess(folder);
    assert.deepEqual(readdirSync(path.join(folder, 'keys')).sort(), [
      'identity.pem',
      'master.key',
      'tls.crt',
      'tls.key',
    ]);
    for (const file of ['keys/master.key', 'keys/identity.pem', 'keys/tls.key', 'data/letterlock.db']) {
      assert.equal(statSync(path.join(folder, file)).mode & 0o777, 0o600, file);
    }
    assert.equal(statSync(path.join(folder, 'keys', 'master.key')).size, 32);
    assert.equal(await server.stop('SIGTERM'), 0);
  });

  test('serves https with the certificate in its key folder', async () => {
    const server = await startServerProcess(folder, { LISTEN_HTTP: 'https://127.0.0.1:0' });
    const { request } = await import('node:https');
    const ca = readFileSync(path.join(folder, 'keys', 'tls.crt'));
    const status = await new Promise((resolve, reject) => {
      request(`${server.url}/healthz`, { ca }, (response) => resolve(response.statusCode))
        .on('error', reject)
        .end();
    });
    assert.equal(status, 200);
    await server.stop('SIGTERM');
  });

  test('says what is wrong with its configuration', () =>
    refusesToStart(/SESSION_TTL="soon" is no whole number; for example SESSION_TTL=3600/, {
      SESSION_TTL: 'soon',
    }));

  test('says when its port is in use', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    await refusesToStart(/in use by another program/, { LISTEN_HTTP: `http://127.0.0.1:${port}` });
    holder.close();
  });

  test('says when a folder cannot be used', async () => {
    writeFileSync(path.join(folder, 'file'), '');
    await refusesToStart(/file.*cannot be used/, { DATA_DIR: path.join(folder, 'file', 'data') });
    await refusesToStart(/key folder .* cannot be used/, { KEYS_DIR: path.join(folder, 'file') });
  });

  test('never makes a new master key beside an old database, and takes no other one', async () => {
    const server = await startServerProcess(folder);
    await server.stop('SIGTERM');
    const master = path.join(folder, 'keys', 'master.key');
    const key = readFileSync(master);
    rmSync(master);
    await refusesToStart(/no .*master\.key: put the key it was written with there/);
    assert.ok(!readdirSync(path.join(folder, 'keys')).includes('master.key'));
    writeFileSync(master, Buffer.alloc(32, 1), { mode: 0o600 });
    await refusesToStart(/not the one this database was written with/);
    writeFileSync(master, 'short');
    await refusesToStart(/has not 32 bytes/);
    writeFileSync(master, key);
    chmodSync(master, 0o644);
    const again = await startServerProcess(folder);
    assert.match(again.log(), /master\.key can be read by others/);
    await again.stop('SIGTERM');
  });

  test('keeps a second one away from the same data', async () => {
    const server = await startServerProcess(folder);
    await refusesToStart(/Another server is running/);
    await server.stop('SIGTERM');
  });

  test('reads a .env file', async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, '.env'), 'LOG_LEVEL=nonsense\n');
    await refusesToStart(/LOG_LEVEL/);
  });

  test('finishes what is in flight when it is told to stop, and exits with 0', async () => {
    const server = await startServerProcess(folder);
    const client = await SealedClient.open(server.url);
    // A registration takes longer than a signal.
    const inFlight = client.call('/register_user', {
      username: 'last',
      email: emailOf('last'),
      password: passwordOf('last'),
    });
    await new Promise((resolve) => setImmediate(resolve));
    const health = fetch(`${server.url}/healthz`);
    await health;
    const stopped = server.stop('SIGINT');
    assert.equal((await inFlight).status, 200);
    assert.equal(await stopped, 0);
    const again = await startServerProcess(folder);
    const back = await SealedClient.open(again.url);
    await back.must('/login_user', { username: 'last', password: passwordOf('last') });
    assert.equal(await again.stop('SIGTERM'), 0);
  });
});

describe('kill -9 in a storm of changes', () => {
  const rounds = 5;

  test(`loses nothing that was acknowledged, and leaves nothing half done, ${rounds} times`, async () => {
    const acknowledged = new Map<string, string>();
    const unknown = new Map<string, [string, string]>();
    let server: ServerProcess = await startServerProcess(folder);
    for (let round = 0; round < rounds; round++) {
      const names = Array.from({ length: 6 }, (_, at) => `storm-${round}-${at}`);
      let changes = 0;
      const storm = Promise.all(
        names.map(async (name) => {
          try {
            const client = await registered(server.url, name);
            acknowledged.set(name, name);
            for (let change = 0; ; change++) {
              const next = `${name}-${change}`;
              unknown.set(name, [acknowledged.get(name) ?? name, next]);
              await client.must('/change_username', { new_username: next, password: passwordOf(name) });
              acknowledged.set(name, next);
              unknown.delete(name);
              changes += 1;
            }
          } catch {
            // The server is gone.
          }
        }),
      );
      // In the middle of work, at a moment that nobody chose.
      while (changes < 10 + round * 3) await new Promise((resolve) => setImmediate(resolve));
      await server.stop('SIGKILL');
      await storm;
      server = await startServerProcess(folder);
    }
    assert.ok(acknowledged.size >= rounds * 4);
    for (const [name, last] of acknowledged) {
      const possible = unknown.get(name) ?? [last];
      const found = [];
      for (const username of possible) {
        const client = await SealedClient.open(server.url);
        const answer = await client.call('/login_user', { username, password: passwordOf(name) });
        if (answer.status === 200) {
          found.push(username);
          assert.equal(answer.body['user']?.['email'], emailOf(name));
          assert.equal((await client.must(`/public_key/${username}`))['keys']?.['length'], 1);
        }
      }
      assert.equal(found.length, 1, `${name}: ${possible.join(' or ')}, found ${found.join(', ')}`);
    }
    assert.equal(await server.stop('SIGTERM'), 0);
  });
});

describe('secrets', () => {
  test('seeded through every path are in no log, no error, no URL and no file', async () => {
    const secrets = [
      'correct-horse-SEED-1',
      'battery-staple-SEED-2',
      'third-password-SEED-3',
      'PLAINTEXT-SEED-4',
    ];
    const [first = '', second = '', third = '', text = ''] = secrets;
    const server = await startServerProcess(folder, { LOG_LEVEL: 'debug' });
    const answers: string[] = [];
    const client = await SealedClient.open(server.url);
    const note = async (made: Promise<{ body: unknown }>): Promise<Record<string, string>> => {
      const { body } = await made;
      answers.push(JSON.stringify(body));
      return body as Record<string, string>;
    };
    await note(
      client.call(
        '/register_user',
        { username: 'seeded', email: emailOf('seeded'), password: first },
        { idem: 'idem-for-register' },
      ),
    );
    await note(
      client.call('/login_user', { username: 'seeded', password: second }, { idem: 'idem-for-failure-' }),
    );
    await note(client.call('/register_user', { username: 'bad name', email: 'x', password: third }));
    const { message = '' } = await note(client.call('/encrypt/seeded', { message: text }));
    const opened = await client.must('/decrypt', { message });
    assert.equal(opened['message'], text);
    await note(
      client.call(
        '/change_password',
        { password: first, new_password: second },
        { idem: 'idem-for-password' },
      ),
    );
    const lost = await SealedClient.open(server.url);
    await note(lost.call('/forgot_password', { email: emailOf('seeded') }));
    const outbox = path.join(folder, 'data', 'outbox');
    let code = '';
    while (code === '') {
      await new Promise((resolve) => setImmediate(resolve));
      const mails = readdirSync(path.join(folder, 'data')).includes('outbox') ? readdirSync(outbox) : [];
      for (const file of mails.filter((each) => each.endsWith('.eml'))) {
        code = /^ {4}([A-Z2-9]{8})\r?$/m.exec(readFileSync(path.join(outbox, file), 'utf8'))?.[1] ?? code;
      }
    }
    await note(lost.call('/confirm_forgot_password', { code }, { idem: 'idem-for-the-code' }));
    await note(lost.call('/final_forgot_password', { new_password: third }));
    const sessionKey = lost.key;
    assert.equal(await server.stop('SIGTERM'), 0);

    const needles = [
      ...secrets.map((secret) => Buffer.from(secret)),
      Buffer.from(code),
      sessionKey,
      Buffer.from(sessionKey.toString('base64url')),
      Buffer.from(sessionKey.toString('hex')),
      Buffer.from('PRIVATE KEY'),
    ];
    const places = new Map<string, Buffer>([
      ['the log', Buffer.from(server.log())],
      ['the answers', Buffer.from(answers.join('\n'))],
    ]);
    for (const file of readdirSync(path.join(folder, 'data'))) {
      if (file !== 'outbox') places.set(file, readFileSync(path.join(folder, 'data', file)));
    }
    for (const [place, bytes] of places) {
      for (const needle of needles)
        assert.ok(!bytes.includes(needle), `${place} holds ${needle.toString('latin1')}`);
    }
    assert.ok(places.get('letterlock.db')?.includes('seeded'), 'the search finds what is there');
  });
});
