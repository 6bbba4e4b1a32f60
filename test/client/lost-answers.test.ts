import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ada, ending, loginOf, withClient, withCode, withServer } from './connected.ts';

describe('a change whose answer was lost', { concurrency: true }, () => {
  test('is asked for again under the same idem, and made once', async () => {
    await withClient({}, async ({ server, client }) => {
      server.misbehave('/register_user', 'lose the answer', 'lose the answer');
      await client.register(ada);
      server.misbehave('/rotate_user_key', 'lose the answer', 'drop');
      assert.equal(await client.rotateUserKey({ password: ada.password }), 'key 1');
      const idems = server.log.flatMap(({ path, idem }) =>
        path === '/rotate_user_key' && idem ? [idem] : [],
      );
      assert.deepEqual([idems.length, new Set(idems).size], [2, 1]);
      assert.match(idems[0] ?? '', /^[\w-]{16,64}$/);
    });
  });

  test('is made once in a new session of the same user too', async () => {
    await withClient({ credentials: () => loginOf(ada) }, async ({ server, client }) => {
      await client.register(ada);
      server.misbehave('/rotate_user_key', 'lose the answer and the session');
      assert.equal(await client.rotateUserKey({ password: ada.password }), 'key 1');
      assert.deepEqual([server.count('/rotate_user_key'), server.users.get('ada')?.changes], [3, 1]);
    });
  });

  test('is of unknown outcome when the session is lost as well, and nobody can log in', async () => {
    await withServer(async ({ server, connected }) => {
      const client = await connected();
      server.misbehave('/register_user', 'lose the answer and the session');
      await assert.rejects(client.register(ada), withCode('outcome_unknown'));
      await client.login(loginOf(ada));
      server.misbehave('/rotate_user_key', 'lose the answer and the session');
      await assert.rejects(client.rotateUserKey({ password: ada.password }), withCode('outcome_unknown'));
      assert.equal(server.users.get('ada')?.changes, 1);
    });
  });

  test('is of unknown outcome when it was the end of the account', async () => {
    await withClient({ credentials: () => loginOf(ada) }, async ({ server, client }) => {
      await client.register(ada);
      server.misbehave('/delete_account', 'lose the answer');
      await assert.rejects(client.deleteAccount(ada.password), withCode('outcome_unknown'));
      assert.equal(server.users.has('ada'), false);
    });
  });

  test('can be asked for again by the caller, who brings the idem', async () => {
    await withClient({ attempts: 1 }, async ({ server, client }) => {
      await client.register(ada);
      const idem = 'kept-by-the-caller';
      server.misbehave('/rotate_user_key', 'lose the answer');
      assert.equal(await ending(client.rotateUserKey({ password: 'x' }, { idem })), 'unreachable');
      assert.equal(await client.rotateUserKey({ password: 'x' }, { idem }), 'key 1');
    });
  });
});

describe('a request by its path', { concurrency: true }, () => {
  test('carries an idem unless it is known to change nothing', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      server.misbehave('/change_something', 'lose the answer');
      assert.deepEqual(await client.request('/change_something'), { kid: 'key 1' });
      assert.equal(server.users.get('ada')?.changes, 1);
      for (const path of ['/me', '/encrypt/ada']) {
        await client.request(path);
        assert.equal(server.log.at(-1)?.idem, null);
      }
      assert.equal(await ending(client.request('/encrypt/ada/and_more')), 'done');
      assert.notEqual(server.log.at(-1)?.idem, null);
    });
  });

  test('is understood when it logs in or out, or rotates', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.request('/register_user', ada);
      await client.request('/rotate_session_key');
      assert.equal(server.log.at(-1)?.path, '/rotate_session_key');
      server.forgetSessions();
      assert.equal(await ending(client.me()), 'session_unknown');
      await client.request('/login_user', loginOf(ada));
      await client.request('/logout');
      assert.equal(await ending(client.me()), 'not_logged_in');
    });
  });

  test('fails by code for what cannot be sent', async () => {
    await withClient({}, async ({ client }) => {
      const circle: Record<string, unknown> = {};
      circle['self'] = circle;
      assert.equal(await ending(client.request('/me', circle)), 'invalid_input');
      assert.equal(await ending(client.encryptFor('\uD800', 'x')), 'invalid_input');
    });
  });
});
