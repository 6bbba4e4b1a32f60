import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ada, ending, loginOf, problemBody, withClient } from './connected.ts';

const minutes = 60_000;
const path = '/rotate_session_key';

describe('rotation', { concurrency: true }, () => {
  test('happens once after ten minutes, and goes on under the new key', async () => {
    await withClient({}, async ({ server, client, clock }) => {
      await client.register(ada);
      const first = server.log.at(-1)?.sessionKey;
      clock.now += 11 * minutes;
      await Promise.all([client.me(), client.me(), client.me()]);
      while (server.log.at(-1)?.sessionKey === first) await client.me();
      await client.me();
      assert.equal(server.count(path), 1);
    });
  });

  test('happens when an answer asks for it, and after 1,000 requests', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      server.misbehave('/me', { header: { rot: true } });
      await client.me();
      while (server.count(path) === 0) await client.me();
      await client.rotate();
      const [session] = [...server.sessions.values()].slice(-1);
      const before = server.count(path);
      // As if so many had gone out: numbers are what the client counts by.
      for (let seq = 1; seq <= 1_000; seq++) session?.seen.add(seq);
      while (server.count(path) === before) await client.me();
    });
  });

  test('that hangs holds nothing up', async () => {
    await withClient({}, async ({ server, client, clock }) => {
      await client.register(ada);
      server.misbehave(path, 'hang');
      clock.now += 11 * minutes;
      const arrived = server.arrival(path);
      await client.me();
      await arrived;
      for (let count = 0; count < 3; count++) assert.equal((await client.me()).username, 'ada');
      assert.equal(server.count(path), 1);
    });
  });

  test('survives a lost answer', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      server.misbehave(path, 'lose the answer', 'drop');
      await client.rotate();
      assert.equal((await client.me()).username, 'ada');
      assert.equal(server.sessions.size, 2);
    });
  });

  test('of a lost session restores it', async () => {
    await withClient({ credentials: () => loginOf(ada) }, async ({ server, client }) => {
      await client.register(ada);
      server.forgetSessions();
      await client.rotate();
      assert.deepEqual([server.count(path), server.count('/login_user')], [1, 1]);
    });
  });

  test('in the background believes no forged end of the session', async () => {
    await withClient({}, async ({ server, client, clock }) => {
      await client.register(ada);
      server.misbehave(path, { clear: problemBody('session_unknown'), status: 401 });
      clock.now += 11 * minutes;
      while (server.count(path) === 0) await client.me();
      for (let count = 0; count < 3; count++) assert.equal((await client.me()).username, 'ada');
    });
  });
});

test('a rotation that fails is tried again later and later, and the old key goes on', async (t) => {
  await withClient({ attempts: 1 }, async ({ server, client, clock }) => {
    await client.register(ada);
    // Each attempt begins with a key pair of its own.
    const { mock: attempts } = t.mock.method(crypto.subtle, 'generateKey');
    const fail = async (): Promise<void> => {
      server.misbehave(path, { clear: problemBody('internal'), status: 500 });
      assert.equal(await ending(client.rotate()), 'internal');
    };
    await fail();
    clock.now += 11 * minutes;
    await fail();
    assert.equal(attempts.callCount(), 2);
    const before = attempts.callCount();
    clock.now += 59_000;
    await client.me();
    assert.equal(attempts.callCount(), before);
    clock.now += 1_000;
    await client.me();
    assert.equal(attempts.callCount(), before + 1);
    await client.rotate();
    await client.me();
    assert.equal(server.log.at(-1)?.userId, server.users.get('ada')?.id);
  });
});
