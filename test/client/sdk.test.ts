import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  LetterlockError,
  type Platform,
  connect,
  createUserKey,
  openMessage,
  sealMessageFor,
} from '../../src/client/index.ts';
import { emailOf, passwordOf } from '../support/sealed-client.ts';
import { type TestServer, codeIn, startTestServer } from '../support/test-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.end());

const registration = (username: string) => ({
  username,
  email: emailOf(username),
  password: passwordOf(username),
});
const credentials = (username: string) => ({ email: emailOf(username), password: passwordOf(username) });
const withCode = (code: string) => (error: unknown) =>
  error instanceof LetterlockError && error.code === code;
const impatient: Partial<Platform> = { sleep: async () => {} };

describe('the SDK', () => {
  for (const enc of ['A256GCM', 'A256CBC-HS512'] as const) {
    test(`has a method for every endpoint, over ${enc}`, async () => {
      const name = `sdk-${enc.toLowerCase()}`;
      const client = await connect({ url: server.url, enc });
      assert.equal((await client.register(registration(name))).username, name);
      const me = await client.me();
      assert.equal(me.sessions.length, 1);
      assert.equal(await client.decrypt(await client.encryptFor(name, 'schön')), 'schön');
      const second = await connect({ url: server.url, enc });
      await second.login(credentials(name));
      const sessions = await client.listSessions();
      assert.equal(sessions.length, 2);
      const other = sessions.find(({ current }) => !current);
      await client.revokeSession(other?.session_id ?? '');
      await assert.rejects(second.me(), withCode('session_unknown'));
      assert.equal(
        (await client.changeUsername({ newUsername: `${name}.b`, password: passwordOf(name) })).username,
        `${name}.b`,
      );
      const kid = await client.rotateUserKey({ password: passwordOf(name) });
      const keys = await client.publicKeys(`${name}.b`);
      assert.deepEqual([keys.length, keys[0]?.kid], [2, kid]);
      await client.changeEmail({ password: passwordOf(name), email: `new-${name}@example.org` });
      const changed = await client.confirmChangeEmail(codeIn(await server.mailTo(`new-${name}@example.org`)));
      assert.equal(changed.email, `new-${name}@example.org`);
      await client.changePassword({ password: passwordOf(name), newPassword: 'entirely different words' });
      const exported = await client.exportAccount('entirely different words');
      assert.deepEqual([exported.user.email, exported.keys.length], [changed.email, 2]);
      assert.match(exported.keys[0]?.private_key ?? '', /BEGIN PRIVATE KEY/);

      const lost = await connect({ url: server.url, enc });
      await lost.forgotPassword(changed.email);
      // The first two mails were the code for the new address and the notice of the new password.
      await lost.confirmForgotPassword(codeIn(await server.mailTo(changed.email, 2)));
      await lost.finishForgotPassword('remembered this time');
      assert.equal((await lost.me()).username, `${name}.b`);
      await lost.deleteAccount('remembered this time');
      await assert.rejects(
        lost.login({ email: changed.email, password: 'remembered this time' }),
        withCode('wrong_credentials'),
      );
      await lost.logout();
    });
  }

  test('opens messages for a user who holds their own key', async () => {
    const key = await createUserKey({ bits: 2048 });
    const holder = await connect({ url: server.url });
    await holder.register({ ...registration('holder'), publicKey: key.publicKey });
    const sealed = await holder.encryptFor('holder', 'for my eyes only');
    await assert.rejects(holder.decrypt(sealed), withCode('key_held_by_user'));
    assert.equal(await openMessage(sealed, key.privateKey), 'for my eyes only');
    const [published] = await holder.publicKeys('holder');
    assert.ok(published);
    assert.equal(await openMessage(await sealMessageFor(published, 'unseen'), key.privateKey), 'unseen');
    await assert.rejects(
      openMessage(`${sealed.slice(0, -2)}AA`, key.privateKey),
      withCode('message_rejected'),
    );
  });

  test('keeps requests side by side apart', async () => {
    const client = await connect({ url: server.url });
    await client.register(registration('busy'));
    const texts = Array.from({ length: 40 }, (_, at) => `text ${at}`);
    const sealed = await Promise.all(texts.map((text) => client.encryptFor('busy', text)));
    assert.deepEqual(await Promise.all(sealed.map((each) => client.decrypt(each))), texts);
  });

  test('refuses a server with another identity than the pinned one', async () => {
    await assert.rejects(
      connect({ url: server.url, identity: 'somebody-else' }),
      withCode('identity_changed'),
    );
  });

  test('refuses a handshake that was tampered with', async () => {
    const tamper: typeof fetch = async (...request) => {
      const response = await fetch(...request);
      const body = (await response.json()) as Record<string, string>;
      if (typeof body['key'] === 'string')
        body['key'] = `${body['key'].startsWith('A') ? 'B' : 'A'}${body['key'].slice(1)}`;
      return Response.json(body);
    };
    await assert.rejects(
      connect({ url: server.url, platform: { fetch: tamper } }),
      withCode('signature_wrong'),
    );
  });

  test('does a change once although its answer was lost', async () => {
    let lose = 0;
    const unreliable: typeof fetch = async (...request) => {
      const response = await fetch(...request);
      await response.clone().arrayBuffer();
      if (lose-- > 0) throw new TypeError('the connection was lost');
      return response;
    };
    const client = await connect({ url: server.url, platform: { ...impatient, fetch: unreliable } });
    lose = 2;
    await client.register(registration('lossy'));
    lose = 1;
    await client.rotateUserKey({ password: passwordOf('lossy') });
    assert.equal((await client.me()).key_ids.length, 2);
  });

  test('asks for the next number when one was used before', async () => {
    let replay = '';
    const replayer: typeof fetch = async (url, options) => {
      if (replay !== '' && options?.body !== undefined) {
        const again = replay;
        replay = '';
        return fetch(url, { ...options, body: again });
      }
      return fetch(url, options);
    };
    const bodies: string[] = [];
    const recorder: typeof fetch = async (url, options) => {
      if (typeof options?.body === 'string') bodies.push(options.body);
      return replayer(url, options);
    };
    const client = await connect({ url: server.url, platform: { ...impatient, fetch: recorder } });
    await client.register(registration('again'));
    replay = bodies.at(-1) ?? '';
    // The recorded body is for another path, so what comes back is no answer to this request.
    await assert.rejects(client.me(), (error) => error instanceof LetterlockError);
    assert.equal((await client.me()).username, 'again');
  });

  test('rotates its key by itself, and goes on', async () => {
    let now = Date.now();
    const client = await connect({ url: server.url, platform: { now: () => now } });
    await client.register(registration('turner'));
    const handshakes = () => server.core.registry.size.loggedIn;
    const before = handshakes();
    now += 11 * 60 * 1000;
    await Promise.all([client.me(), client.me(), client.me()]);
    assert.equal(handshakes(), before + 1);
    assert.equal((await client.me()).sessions.length, 1);
  });

  test('logs in again by itself when its session is gone and it has credentials', async () => {
    const client = await connect({
      url: server.url,
      platform: impatient,
      credentials: () => credentials('phoenix'),
    });
    await client.register(registration('phoenix'));
    const [own] = await client.listSessions();
    const other = await connect({ url: server.url });
    await other.login(credentials('phoenix'));
    await other.revokeSession(own?.session_id ?? '');
    const answers = await Promise.all([client.me(), client.me(), client.encryptFor('phoenix', 'x')]);
    assert.equal(answers[0].username, 'phoenix');
  });

  test('says so when its session is gone and it has none', async () => {
    let lost = 0;
    const client = await connect({ url: server.url, onSessionLost: () => (lost += 1) });
    await client.register(registration('icarus'));
    const [own] = await client.listSessions();
    const other = await connect({ url: server.url });
    await other.login(credentials('icarus'));
    await other.revokeSession(own?.session_id ?? '');
    await assert.rejects(client.me(), withCode('session_unknown'));
    assert.equal(lost, 1);
    await client.login(credentials('icarus'));
    assert.equal((await client.me()).username, 'icarus');
  });

  test('rejects an answer to another request', async () => {
    const answers: string[] = [];
    let swap = false;
    const swapper: typeof fetch = async (...request) => {
      const response = await fetch(...request);
      const text = await response.text();
      answers.push(text);
      return new Response(swap ? (answers.at(-2) ?? '') : text, { status: response.status });
    };
    const client = await connect({ url: server.url, platform: { ...impatient, fetch: swapper } });
    await client.register(registration('swapped'));
    swap = true;
    await assert.rejects(client.me(), withCode('answer_rejected'));
  });

  test('tells what is wrong by code, field by field', async () => {
    const client = await connect({ url: server.url });
    await assert.rejects(
      client.register({ username: 'a b', email: 'x@example.org', password: 'long enough for it' }),
      (error) =>
        error instanceof LetterlockError && error.code === 'invalid_input' && 'username' in error.errors,
    );
  });

  test('gives up when it is told to', async () => {
    const client = await connect({ url: server.url });
    await assert.rejects(client.me({ signal: AbortSignal.abort(new Error('enough')) }), /enough/);
  });
});
