import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sleep } from '../../src/client/waiting.ts';
import { ada, ending, listenersOf, loginOf, problemBody, withClient, withServer } from './connected.ts';

describe('a caller who gives up', { concurrency: true }, () => {
  test('gets their own reason, from a request, a pause and a handshake', async () => {
    await withServer(async ({ server, connected }) => {
      const reason = new Error('enough');
      const client = await connected({ platform: { sleep } });
      await client.register(ada);
      const abortOn = async (
        path: string,
        call: (signal: AbortSignal) => Promise<unknown>,
      ): Promise<void> => {
        const controller = new AbortController();
        const arrived = server.arrival(path);
        const rejected = assert.rejects(call(controller.signal), (error) => error === reason);
        await arrived;
        controller.abort(reason);
        await rejected;
        assert.equal(listenersOf(controller.signal), 0);
      };
      server.misbehave('/me', 'hang');
      await abortOn('/me', (signal) => client.me({ signal }));
      server.misbehave('/me', { clear: '', status: 503, headers: { 'Retry-After': '20' } });
      await abortOn('/me', (signal) => client.me({ signal }));
      server.misbehave('/create_session_key', 'hang');
      await abortOn('/create_session_key', (signal) => connected({ signal }));
      await client.logout();
      server.misbehave('/create_session_key', 'hang');
      await abortOn('/create_session_key', (signal) => client.login(loginOf(ada), { signal }));
      server.misbehave('/create_session_key', 'hang');
      await abortOn('/create_session_key', (signal) => client.me({ signal }));
      await assert.rejects(client.me({ signal: AbortSignal.abort(reason) }), (error) => error === reason);
      assert.equal((await client.login(loginOf(ada))).username, 'ada');
    });
  });

  test('does not take the handshake from those who go on', async () => {
    await withClient({ credentials: () => loginOf(ada) }, async ({ server, client }) => {
      await client.register(ada);
      server.forgetSessions();
      server.misbehave('/create_session_key', { clear: problemBody('internal'), status: 500 });
      assert.equal(await ending(client.me()), 'internal');
      let release = (): void => {};
      const held = new Promise<void>((resolve) => (release = resolve));
      server.misbehave('/create_session_key', { after: held });
      const controller = new AbortController();
      const arrived = server.arrival('/create_session_key');
      const calls = [client.me({ signal: controller.signal }), client.me()].map(ending);
      await arrived;
      controller.abort('enough');
      assert.equal(await calls[0], 'enough');
      release();
      assert.equal(await calls[1], 'done');
      assert.equal(server.count('/create_session_key'), 3);
    });
  });

  test('leaves no listener behind when all goes well', async () => {
    await withClient({ credentials: () => loginOf(ada) }, async ({ server, client }) => {
      const { signal } = new AbortController();
      await client.register(ada, { signal });
      server.misbehave('/me', 'drop', 'lose the answer');
      await client.me({ signal });
      server.forgetSessions();
      await client.me({ signal });
      await client.logout({ signal });
      await sleep(0, signal);
      assert.equal(listenersOf(signal), 0);
    });
  });
});

describe('a time limit', () => {
  test('ends an attempt, and the next one follows', async () => {
    await withClient({ timeoutMilliseconds: 100 }, async ({ server, client }) => {
      await client.register(ada);
      server.misbehave('/me', 'hang');
      assert.equal((await client.me()).username, 'ada');
    });
  });
});
