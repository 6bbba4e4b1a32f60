import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LetterlockError, type LetterlockClient } from '../../src/client/index.ts';
import { ada, bert, ending, loginOf, problemBody, withClient, withCode } from './connected.ts';

const all = (client: LetterlockClient): Promise<string[]> =>
  Promise.all(
    [client.me(), client.rotateUserKey({ password: 'x' }), client.encryptFor('bert', 'x'), client.me()].map(
      ending,
    ),
  );

describe('a lost session with credentials', { concurrency: true }, () => {
  const credentials = () => loginOf(ada);

  test('is restored once for all who find it lost, and all go on', async () => {
    await withClient({ credentials }, async ({ server, client }) => {
      await client.register(ada);
      server.forgetSessions();
      assert.deepEqual(await all(client), ['done', 'done', 'done', 'done']);
      assert.deepEqual([server.count('/login_user'), server.count('/create_session_key')], [1, 2]);
      assert.equal(server.users.get('ada')?.changes, 1);
    });
  });

  test('is restored by a later call when the way back in is cut, or forged answers are on it', async () => {
    await withClient({ credentials, attempts: 2 }, async ({ server, client }) => {
      await client.register(ada);
      server.forgetSessions();
      server.misbehave('/create_session_key', 'drop', 'drop');
      assert.equal(await ending(client.me()), 'unreachable');
      server.misbehave('/login_user', 'drop', 'lose the answer');
      assert.deepEqual(new Set(await all(client)), new Set(['unreachable']));
      const forged = { clear: problemBody('wrong_credentials'), status: 401 };
      server.misbehave('/login_user', forged, forged);
      assert.equal(await ending(client.me()), 'unreachable');
      server.misbehave('/login_user', 'forge');
      assert.equal(await ending(client.me()), 'answer_rejected');
      assert.deepEqual(await all(client), ['done', 'done', 'done', 'done']);
    });
  });

  test('is restored by a later call when the credentials cannot be had', async () => {
    let refusals = 1;
    const locked = (): typeof ada => {
      if (refusals-- > 0) throw new Error('the keychain is locked');
      return ada;
    };
    await withClient({ credentials: locked }, async ({ server, client }) => {
      await client.register(ada);
      server.forgetSessions();
      await assert.rejects(client.me(), (error) => {
        assert.ok(error instanceof LetterlockError && error.cause instanceof Error);
        return error.code === 'session_unknown' && error.cause.message === 'the keychain is locked';
      });
      assert.equal((await client.me()).username, 'ada');
    });
  });

  test('is given up when the server itself refuses them', async () => {
    let lost = 0;
    await withClient({ credentials, onSessionLost: () => (lost += 1) }, async ({ server, client }) => {
      await client.register(ada);
      server.users.set('ada', { id: 'ada', username: 'ada', password: 'changed elsewhere', changes: 0 });
      server.forgetSessions();
      const results = await Promise.allSettled([client.me(), client.me(), client.encryptFor('ada', 'x')]);
      const reasons = results.map((result) =>
        result.status === 'rejected' ? (result.reason as unknown) : null,
      );
      assert.deepEqual(
        reasons.map((reason) => reason instanceof LetterlockError && reason.code),
        ['session_unknown', 'session_unknown', 'session_unknown'],
      );
      assert.ok(reasons.some((reason) => (reason as LetterlockError).cause instanceof LetterlockError));
      assert.equal(lost, 1);
      assert.equal(await ending(client.me()), 'not_logged_in');
      assert.equal(server.count('/login_user'), 1);
    });
  });

  test('is not restored for calls of somebody else than the credentials are for', async () => {
    await withClient({ credentials: () => loginOf(bert) }, async ({ server, client }) => {
      await client.register(bert);
      await client.register(ada);
      server.forgetSessions();
      assert.deepEqual(new Set(await all(client)), new Set(['session_unknown']));
      assert.deepEqual([server.users.get('ada')?.changes, server.users.get('bert')?.changes], [0, 0]);
      assert.equal((await client.me()).username, 'bert');
    });
  });

  test('is not restored with a server of another identity, and no password goes there', async () => {
    await withClient({ credentials }, async ({ server, client }) => {
      await client.register(ada);
      server.forgetSessions();
      server.changeIdentity();
      assert.deepEqual(new Set(await all(client)), new Set(['identity_changed']));
      assert.equal(server.count('/login_user'), 0);
    });
  });

  test('is not restored to be logged out', async () => {
    await withClient({ credentials }, async ({ server, client }) => {
      await client.register(ada);
      server.forgetSessions();
      await client.logout();
      assert.equal(server.count('/login_user'), 0);
      server.misbehave('/login_user', 'drop');
      await client.login(loginOf(ada));
      server.forgetSessions();
      server.misbehave('/create_session_key', { clear: problemBody('internal'), status: 500 });
      assert.equal(await ending(client.me()), 'internal');
      const before = server.log.length;
      await client.logout();
      assert.equal(server.log.length, before);
      assert.equal(await ending(client.me()), 'not_logged_in');
    });
  });
});

describe('a lost session without credentials', { concurrency: true }, () => {
  test('ends alike for all who find it lost, and is told once', async () => {
    let lost = 0;
    await withClient({ onSessionLost: () => (lost += 1) }, async ({ server, client }) => {
      await client.register(ada);
      server.forgetSessions();
      assert.deepEqual([new Set(await all(client)), lost], [new Set(['session_unknown']), 1]);
      assert.equal(server.count('/create_session_key'), 1);
      assert.equal((await client.login(loginOf(ada))).username, 'ada');
      assert.deepEqual(await all(client), ['done', 'done', 'done', 'done']);
    });
  });

  test('does not keep anybody from logging in, or out', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      server.forgetSessions();
      assert.equal((await client.login(loginOf(ada))).username, 'ada');
      assert.equal((await client.me()).username, 'ada');
      server.forgetSessions();
      await client.logout();
      assert.equal(await ending(client.me()), 'not_logged_in');
    });
  });

  test('is replaced where nobody was in it, but not in the middle of a recovery', async () => {
    await withClient({}, async ({ server, client }) => {
      server.forgetSessions();
      await client.register(ada);
      await client.logout();
      await client.forgotPassword(ada.email);
      server.forgetSessions();
      await assert.rejects(client.confirmForgotPassword('123456'), withCode('session_unknown'));
      assert.equal(server.count('/confirm_forgot_password'), 1);
      await client.forgotPassword(ada.email);
      await client.finishForgotPassword('entirely different words');
      assert.equal((await client.me()).username, 'ada');
    });
  });
});
