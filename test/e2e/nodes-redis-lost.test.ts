import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { connect } from '../../src/client/index.ts';
import { Refusal } from '../../src/core/errors.ts';
import { EventReader } from '../support/event-reader.ts';
import { type Nodes, startNodes } from '../support/nodes.ts';
import { PrivateRedis } from '../support/redis-server.ts';
import { type Answer, SealedClient, emailOf, passwordOf, registered } from '../support/sealed-client.ts';
import { withoutRedis } from '../support/shared-redis.ts';
import { type TestServer, startTestServer, until } from '../support/test-server.ts';

describe('two nodes whose Redis is lost', { skip: withoutRedis }, async () => {
  const server = withoutRedis === false ? await PrivateRedis.start() : null;
  if (server === null) {
    test('it can be started here', { skip: 'no redis-server to start' }, () => {});
    return;
  }
  const running: Nodes = await startNodes(2, { redisUrl: server.url });
  const [a, b] = running.nodes as [TestServer, TestServer];
  let names = 0;
  const newName = (): string => `somebody${names++}`;
  after(async () => {
    await running.end();
    await server.stop();
  });

  /** A session that has used some numbers on both nodes, and the requests it sent. */
  const recorded = async (): Promise<{ client: SealedClient; bodies: string[] }> => {
    const client = await registered(a.url, newName());
    const bodies: string[] = [];
    for (let count = 0; count < 20; count++) {
      const body = client.seal('/me', {});
      assert.equal((await sendTo([a, b][count % 2]?.url ?? '', client, body)).status, 200);
      bodies.push(body);
    }
    return { client, bodies };
  };

  const replays = async (client: SealedClient, bodies: readonly string[]): Promise<Set<string>> => {
    const codes = new Set<string>();
    for (const body of bodies) {
      const answers = await Promise.all([a, b].map(({ url }) => sendTo(url, client, body)));
      for (const { status, body: said } of answers)
        codes.add(status === 200 ? 'accepted' : String(said['code']));
    }
    return codes;
  };

  /** What 10,000 replays of numbers that were used come to, asked of both nodes below HTTP. */
  const manyReplays = async (client: SealedClient): Promise<number> => {
    let accepted = 0;
    for (let at = 0; at < 10_000; at += 500) {
      const replies = await Promise.all(
        Array.from({ length: 500 }, async (_, index) => {
          const { core } = index % 2 === 0 ? a : b;
          const key = await core.registry.find(client.sessionKey);
          if (key === null) return false;
          try {
            return await core.replayProtection.accept(key, ((at + index) % 21) + 1);
          } catch (error) {
            assert.ok(error instanceof Refusal && error.code === 'session_unknown', String(error));
            return false;
          }
        }),
      );
      accepted += replies.filter(Boolean).length;
    }
    return accepted;
  };

  const bothReady = async (): Promise<void> => {
    for (const { url } of [a, b]) {
      await until(
        async () => ((await fetch(`${url}/readyz`)).status === 200 ? true : undefined),
        'readiness',
      );
    }
  };

  test('no replay is accepted after it was flushed', async () => {
    const { client, bodies } = await recorded();
    assert.deepEqual(await replays(client, bodies), new Set(['replayed']));
    await server.ask('FLUSHALL');
    assert.deepEqual(await replays(client, bodies), new Set(['session_unknown']));
    assert.equal(await manyReplays(client), 0);
    await client.refused('session_unknown', '/me');
  });

  test('no replay is accepted after it was set back to an older state', async () => {
    const { client, bodies } = await recorded();
    const fresh = await registered(a.url, newName());
    await server.ask('SAVE');
    bodies.push(client.seal('/me', {}));
    assert.equal((await client.send('/me', bodies.at(-1) ?? '')).status, 200);
    const unseen = fresh.seal('/me', {});
    assert.equal((await fresh.send('/me', unseen)).status, 200);
    await server.kill();
    await server.run();
    await bothReady();
    assert.deepEqual(await replays(client, bodies), new Set(['session_unknown']));
    assert.deepEqual(await replays(fresh, [unseen]), new Set(['session_unknown']));
    assert.equal(await manyReplays(client), 0);
  });

  test('the SDK goes on by itself', async () => {
    const name = newName();
    await registered(a.url, name);
    const credentials = { username: name, password: passwordOf(name) };
    const client = await connect({ url: b.url, credentials: () => credentials });
    await client.login(credentials);
    await server.ask('FLUSHALL');
    assert.equal((await client.me()).username, name);
    await server.kill();
    await server.run();
    assert.equal((await client.me()).username, name, 'after a restart too');
  });

  test('while it stands still requests are refused with 503, and no node is ready', async () => {
    const client = await registered(a.url, newName());
    const stream = await EventReader.open(client);
    const body = client.seal('/me', {});
    server.pause();
    try {
      const startedAt = performance.now();
      const answers = await Promise.all(
        [a, b].flatMap(({ url }) => [sendTo(url, client, body), sendTo(url, client, client.seal('/me', {}))]),
      );
      for (const answer of answers) {
        assert.equal(answer.status, 503, JSON.stringify(answer.body));
        assert.equal(answer.body['code'], 'busy');
        assert.ok(Number(answer.headers.get('retry-after')) >= 1);
      }
      assert.ok(performance.now() - startedAt < 10_000);
      await until(async () => ((await fetch(`${a.url}/readyz`)).status === 503 ? true : undefined), 'a no');
    } finally {
      server.resume();
    }
    await bothReady();
    await client.must('/me');
    // What was asked before the pause may have been done: it is then a replay, and never done twice.
    const again = await sendTo(b.url, client, body);
    assert.ok([200, 409].includes(again.status));
    assert.equal((await sendTo(a.url, client, body)).status, 409);
    stream.close();
  });

  test('a node that is told to stop while it is away does so', async () => {
    const other = await startNodes(1, { redisUrl: 'redis://127.0.0.1:1' });
    const [node] = other.nodes;
    assert.equal((await fetch(`${node?.url}/readyz`)).status, 503);
    assert.equal((await fetch(`${node?.url}/healthz`)).status, 200);
    await other.end();
  });

  test('who has to wait before the next guess is refused without the store', async (t) => {
    const name = newName();
    await registered(a.url, name);
    const guessing = await SealedClient.open(a.url);
    const guess = async (url: string): Promise<string> => {
      guessing.url = url;
      const answer = await guessing.call('/login_user', {
        username: name,
        password: 'a wrong one, again and again',
      });
      return String(answer.body['code']);
    };
    await until(
      async () => ((await guess(a.url)) === 'rate_limited' ? true : undefined),
      'an end of patience',
    );
    const asked = t.mock.method(running.state.store, 'transact');
    const codes = new Set<string>();
    for (let count = 0; count < 10; count++) codes.add(await guess([a, b][count % 2]?.url ?? ''));
    const counted = asked.mock.calls.filter(({ arguments: [operation] }) => operation === 'countGuess');
    assert.deepEqual(codes, new Set(['rate_limited']));
    assert.equal(counted.length, 0);
    await server.ask('FLUSHALL');
    guessing.url = a.url;
    const another = await SealedClient.open(b.url);
    await another.refused('rate_limited', '/login_user', { username: name, password: passwordOf(name) });
  });
});

describe('a server that changes between having a Redis and not', { skip: withoutRedis }, () => {
  test('accepts nothing that it accepted before', async () => {
    const server = await PrivateRedis.start();
    assert.ok(server);
    let node = await startTestServer({ REDIS_URL: server.url });
    try {
      assert.match(node.log(), /only one node can use it/);
      assert.ok(!node.log().includes('redis://'));
      const shared = await registered(node.url, 'shared');
      const inRedis = shared.seal('/me', {});
      assert.equal((await shared.send('/me', inRedis)).status, 200);
      const restart = async (environment: Record<string, string>): Promise<void> => {
        await node.stop();
        node = await startTestServer(environment, {}, node.folder);
      };
      await restart({});
      for (const body of [inRedis, shared.seal('/me', {})]) {
        assert.equal((await sendTo(node.url, shared, body)).body['code'], 'session_unknown');
      }
      const alone = await SealedClient.open(node.url);
      await alone.must('/login_user', { email: emailOf('shared'), password: passwordOf('shared') });
      const inMemory = alone.seal('/me', {});
      assert.equal((await alone.send('/me', inMemory)).status, 200);
      await restart({ REDIS_URL: server.url });
      for (const body of [inMemory, alone.seal('/me', {})]) {
        assert.equal((await sendTo(node.url, alone, body)).body['code'], 'session_unknown');
      }
      assert.equal((await sendTo(node.url, shared, inRedis)).body['code'], 'replayed');
      await restart({});
      assert.equal((await sendTo(node.url, alone, inMemory)).body['code'], 'replayed');
    } finally {
      await node.end();
      await server.stop();
    }
  });
});

function sendTo(url: string, client: SealedClient, body: string): Promise<Answer> {
  return Object.assign(Object.create(SealedClient.prototype) as SealedClient, client, { url }).send(
    '/me',
    body,
  );
}
