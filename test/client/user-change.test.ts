import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LetterlockClient } from '../../src/client/index.ts';
import { ada, bert, ending, loginOf, withClient, withCode, withServer } from './connected.ts';

describe('another user', { concurrency: true }, () => {
  test('never gets the calls of the one before', async () => {
    await withServer(async ({ server, connected }) => {
      const client = await connected();
      await client.register(bert);
      await client.register(ada);
      let release = (): void => {};
      const held = new Promise<void>((resolve) => (release = resolve));
      server.misbehave('/rotate_user_key', { after: held });
      const arrived = server.arrival('/rotate_user_key');
      const call = ending(client.rotateUserKey({ password: ada.password }));
      await arrived;
      await client.login(loginOf(bert));
      release();
      // The session of the one before is ended, so either that or this call comes first.
      assert.ok(['done', 'session_unknown'].includes(await call));
      assert.equal(server.users.get('bert')?.changes, 0);
      assert.equal((await client.me()).username, 'bert');
    });
  });

  test('never gets a retry, whose outcome is said to be unknown', async () => {
    let client: LetterlockClient | null = null;
    // While the call waits for its next attempt somebody else logs in.
    const sleep = async (): Promise<void> => void (await client?.login(loginOf(bert)));
    await withServer(async ({ server, connected }) => {
      client = await connected({ platform: { sleep } });
      await client.register(bert);
      await client.register(ada);
      server.misbehave('/rotate_user_key', 'drop');
      await assert.rejects(client.rotateUserKey({ password: ada.password }), withCode('outcome_unknown'));
      await client.login(loginOf(ada));
      server.misbehave('/me', 'drop');
      await assert.rejects(client.me(), withCode('session_unknown'));
      assert.deepEqual([server.users.get('ada')?.changes, server.users.get('bert')?.changes], [0, 0]);
    });
  });

  test('who is refused leaves the one before where they were', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      for (const misdeed of ['lose the answer', 'lose the answer', 'forge'] as const)
        server.misbehave('/login_user', misdeed);
      await assert.rejects(
        client.login({ ...loginOf(bert), password: 'wrong' }),
        withCode('answer_rejected'),
      );
      await assert.rejects(client.login(loginOf(bert)), withCode('wrong_credentials'));
      assert.equal((await client.me()).username, 'ada');
    });
  });

  test('is waited for by what nobody asked before', async () => {
    await withClient({}, async ({ client }) => {
      await client.register(ada);
      await client.logout();
      const [, me] = await Promise.all([client.login(loginOf(ada)), client.me()]);
      assert.equal(me.username, 'ada');
    });
  });
});
