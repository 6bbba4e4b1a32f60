import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  SealedClient,
  clientKeys,
  emailOf,
  passwordOf,
  registered,
  unwrap,
} from '../support/sealed-client.ts';
import { openAnswer } from '../../src/crypto/sealed-payload.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { skipWithSeveralNodes } from '../support/node-count.ts';
import { type TestServer, startTestServer } from '../support/test-server.ts';

let server: TestServer;
const clock = new ManualClock();
before(async () => {
  server = await startTestServer({ SESSION_TTL: '3600' }, { clock });
});
after(() => server.end());

describe('a sequence number', () => {
  test('is accepted once, by whoever comes first of many', async () => {
    const client = await registered(server.url, 'once');
    const body = client.seal('/me', {});
    const answers = await Promise.all(Array.from({ length: 16 }, () => client.send('/me', body)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    const refused = answers.find(({ status }) => status === 409);
    assert.deepEqual(
      [refused?.sealed, refused?.body['code'], refused?.body['next_seq']],
      [true, 'replayed', client.seq + 1],
    );
  });

  test('may come out of order within the window, and not from before it', async () => {
    const client = await registered(server.url, 'disorder');
    const late = client.seal('/me', {}, { seq: 10 });
    const tooLate = client.seal('/me', {}, { seq: 11 });
    assert.equal((await client.send('/me', client.seal('/me', {}, { seq: 1030 }))).status, 200);
    assert.equal((await client.send('/me', late)).status, 200);
    assert.equal((await client.send('/me', client.seal('/me', {}, { seq: 9_000 }))).status, 200);
    assert.equal((await client.send('/me', tooLate)).status, 409);
  });

  test('may be the highest there is, after which the session has none left', async () => {
    const client = await registered(server.url, 'last');
    assert.equal(
      (await client.send('/me', client.seal('/me', {}, { seq: Number.MAX_SAFE_INTEGER }))).status,
      200,
    );
    assert.equal(
      (await client.send('/me', client.seal('/me', {}, { seq: Number.MAX_SAFE_INTEGER }))).status,
      409,
    );
  });
});

describe('a restart', () => {
  test('keeps sessions, and plays nothing that was recorded before it', async () => {
    const client = await registered(server.url, 'phoenix');
    const anonymous = await SealedClient.open(server.url);
    const recorded: string[] = [];
    for (let at = 0; at < 20; at++) {
      const body = client.seal('/me', {});
      recorded.push(body);
      assert.equal((await client.send('/me', body)).status, 200);
    }
    const unused = client.seal('/me', {});
    server = await server.restart();
    const moved = await SealedClient.open(server.url);
    Object.assign(moved, { sessionKey: client.sessionKey, key: client.key });
    // What a single node does not know any more it counts as used; several have kept it for each other.
    const isAlone = server.nodes.length === 1;
    for (const body of isAlone ? [...recorded, unused] : recorded) {
      const answer = await moved.send('/me', body);
      assert.deepEqual([answer.sealed, answer.body['code']], [true, 'replayed']);
    }
    if (!isAlone) assert.equal((await moved.send('/me', unused)).status, 200);
    const refused = await moved.send('/me', recorded[0] ?? '');
    const next = Number(refused.body['next_seq']);
    assert.equal(
      (await moved.send('/me', moved.seal('/me', {}, { seq: next }))).body['user']?.['username'],
      'phoenix',
    );
    Object.assign(anonymous, { url: server.url });
    await anonymous.refused(isAlone ? 'session_unknown' : 'not_logged_in', '/me');
  });
});

describe('a session', () => {
  test('ends after its idle time, which use prolongs', async () => {
    const client = await registered(server.url, 'idler');
    for (let at = 0; at < 3; at++) {
      clock.advance(3_500_000);
      assert.equal((await client.call('/me')).status, 200);
    }
    clock.advance(3_600_000);
    await client.refused('session_unknown', '/me');
  });

  test('ends after 30 days however much it is used', async (t) => {
    const patient = await startTestServer({ SESSION_TTL: '172800' }, { clock });
    t.after(() => patient.end());
    const client = await registered(patient.url, 'marathon');
    for (let day = 0; day < 29; day++) {
      clock.advance(24 * 3_600_000);
      await client.must('/me');
    }
    clock.advance(23 * 3_600_000);
    await client.must('/me');
    clock.advance(3_600_000);
    await client.refused('session_unknown', '/me');
  });

  test('without a user idles out sooner', async () => {
    const client = await SealedClient.open(server.url);
    clock.advance(11 * 60 * 1000);
    await client.refused('session_unknown', '/forgot_password', { email: 'a@example.org' });
  });

  test('takes a new key, and its old one stays good for what is in flight', async () => {
    const client = await registered(server.url, 'turner');
    const public_key = clientKeys().publicKey.export({ format: 'jwk' });
    const rotated = await client.must('/rotate_session_key', { public_key });
    const next = await SealedClient.open(server.url);
    Object.assign(next, { sessionKey: rotated['session_key'], key: unwrap(String(rotated['key'])), seq: 0 });
    assert.equal((await next.must('/me'))['user']?.['username'], 'turner');
    assert.equal((await client.call('/me')).status, 200);
    clock.advance(31_000);
    await client.refused('session_unknown', '/me');
    assert.equal((await next.must('/list_sessions'))['sessions']?.['length'], 1);
  });

  test('asks for a new key when its own has sealed much, and ends when it has sealed all it may', async () => {
    const client = await registered(server.url, 'sealer');
    const haveSealed = async (seals: number): Promise<void> => {
      for (const { core } of server.nodes) {
        const key = await core.registry.find(client.sessionKey);
        assert.ok(key);
        key.seals = seals;
      }
    };
    await haveSealed(2 ** 20 * 0.75 + 1);
    const response = await fetch(`${server.url}/me`, { method: 'POST', body: client.seal('/me', {}) });
    const { payload } = (await response.json()) as { payload: string };
    assert.equal(openAnswer(payload, 'A256GCM', client.key)?.header.rot, true);
    await haveSealed(2 ** 20);
    await client.refused('session_unknown', '/me');
  });

  test('is ended at once by whoever owns it, and by nobody else', async () => {
    const owner = await registered(server.url, 'owner');
    const elsewhere = await SealedClient.open(server.url);
    await elsewhere.must('/login_user', { username: 'owner', password: passwordOf('owner') });
    const stranger = await registered(server.url, 'stranger');
    const [own] = (await elsewhere.must('/list_sessions'))['sessions'] as unknown as {
      session_id: string;
      current: boolean;
    }[];
    assert.ok(own);
    const sessions = (await owner.must('/list_sessions'))['sessions'] as unknown as {
      session_id: string;
      current: boolean;
    }[];
    const other = sessions.find(({ current }) => !current)?.session_id;
    await stranger.refused('not_found', '/revoke_session', { session_id: other });
    await owner.must('/revoke_session', { session_id: other });
    await elsewhere.refused('session_unknown', '/me');
    await owner.must('/me');
  });

  test('changes its user when another logs in', async () => {
    await registered(server.url, 'second');
    const client = await registered(server.url, 'first');
    await client.must('/login_user', { email: emailOf('second'), password: passwordOf('second') });
    assert.equal((await client.must('/me'))['user']?.['username'], 'second');
  });

  const skip = skipWithSeveralNodes('the memory of one process');
  test('without a user is pushed out by newer ones when there are too many', { skip }, async () => {
    const small = await startTestServer({}, { maxAnonymousSessions: 5 });
    try {
      const clients = [];
      for (let at = 0; at < 7; at++) clients.push(await SealedClient.open(small.url));
      await clients[0]!.refused('session_unknown', '/me');
      await clients[1]!.refused('session_unknown', '/me');
      await clients[2]!.refused('not_logged_in', '/me');
    } finally {
      await small.end();
    }
  });
});

describe('an idem', () => {
  const idem = (name: string): { idem: string } => ({ idem: name.padEnd(16, '-') });

  test('gets the first answer again, in another session of the user and after a restart too', async () => {
    const client = await registered(server.url, 'again');
    await client.must('/public_key/again');
    const fields = { password: passwordOf('again') };
    const first = await client.must('/rotate_user_key', fields, idem('rotate'));
    const other = await SealedClient.open(server.url);
    await other.must('/login_user', { username: 'again', password: passwordOf('again') });
    assert.deepEqual(await other.must('/rotate_user_key', fields, idem('rotate')), first);
    server = await server.restart();
    Object.assign(other, { url: server.url });
    other.seq = 10_000;
    assert.deepEqual(await other.must('/rotate_user_key', fields, idem('rotate')), first);
    assert.equal((await other.must('/public_key/again'))['keys']?.['length'], 2);
  });

  test('is done once by many requests side by side', async () => {
    const client = await registered(server.url, 'parallel');
    await client.must('/public_key/parallel');
    const fields = { password: passwordOf('parallel') };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => client.must('/rotate_user_key', fields, idem('side'))),
    );
    assert.equal(new Set(answers.map((answer) => answer['kid'])).size, 1);
    assert.equal((await client.must('/public_key/parallel'))['keys']?.['length'], 2);
  });

  test('gets its first answer after the login that it asked for', async () => {
    await registered(server.url, 'lost');
    const client = await SealedClient.open(server.url);
    const fields = { username: 'lost', password: passwordOf('lost') };
    const first = await client.must('/login_user', fields, idem('login'));
    assert.deepEqual(await client.must('/login_user', fields, idem('login')), first);
    assert.equal((await client.must('/list_sessions'))['sessions']?.['length'], 2);
  });

  test('gets its refusal again, and counts no second guess', async () => {
    await registered(server.url, 'guessed');
    const client = await SealedClient.open(server.url);
    const wrong = { username: 'guessed', password: 'not the right one' };
    for (let at = 0; at < 12; at++)
      await client.refused('wrong_credentials', '/login_user', wrong, idem('wrong'));
    await client.must('/login_user', { username: 'guessed', password: passwordOf('guessed') });
  });

  test('with other content is refused', async () => {
    const client = await registered(server.url, 'mixed');
    await client.must('/rotate_user_key', { password: passwordOf('mixed') }, idem('mix'));
    const answer = await client.refused('idem_mismatch', '/rotate_user_key', { password: 'x' }, idem('mix'));
    assert.equal(answer.status, 422);
    await client.refused('idem_mismatch', '/change_email', { password: passwordOf('mixed') }, idem('mix'));
  });

  test('is free again after a day', async () => {
    const client = await registered(server.url, 'daily');
    const first = await client.must('/rotate_user_key', { password: passwordOf('daily') }, idem('day'));
    for (let hour = 0; hour < 25; hour++) {
      clock.advance(3_500_000);
      await client.must('/me');
    }
    const second = await client.must('/rotate_user_key', { password: passwordOf('daily') }, idem('day'));
    assert.notEqual(second['kid'], first['kid']);
  });
});
