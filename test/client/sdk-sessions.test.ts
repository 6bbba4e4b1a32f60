import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type LetterlockClient, type Platform, connect } from '../../src/client/index.ts';
import { sum } from '../support/across-nodes.ts';
import { emailOf, passwordOf } from '../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../support/test-server.ts';
import { withCode } from './connected.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.end());

const credentials = (username: string) => ({ email: emailOf(username), password: passwordOf(username) });
const registration = (username: string) => ({ username, ...credentials(username) });
const impatient: Partial<Platform> = { sleep: async () => {} };

describe('the SDK and the real server', () => {
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
    // Whoever registers may be owed their first key.
    await client.encryptFor('lossy', 'to myself');
    lose = 1;
    await client.rotateUserKey({ password: passwordOf('lossy') });
    assert.equal((await client.me()).key_ids.length, 2);
  });

  test('rotates its key by itself, and goes on', async () => {
    let now = Date.now();
    const client = await connect({ url: server.url, platform: { now: () => now } });
    await client.register(registration('turner'));
    const rotations = () => sum(server, ({ core }) => core.counts.handshakes.rotated);
    const before = rotations();
    now += 11 * 60 * 1000;
    await Promise.all([client.me(), client.me(), client.me()]);
    // Nobody waits for the new key, so how many requests go on under the old one is chance.
    while (rotations() === before) await client.me();
    assert.equal(rotations(), before + 1);
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

  test('tells who is kept out by their address so, at the handshake and instead of events', async () => {
    const before = new Map<string, LetterlockClient>();
    for (const username of ['shut-out', 'kept-away']) {
      const client = await connect({
        url: server.url,
        credentials: () => credentials(username),
        platform: impatient,
      });
      await client.register(registration(username));
      // Ends the session that events would be asked for in.
      const elsewhere = await connect({ url: server.url });
      await elsewhere.login(credentials(username));
      const { sessions } = await client.me();
      const own = sessions.find(({ current }) => current);
      await elsewhere.revokeSession(own!.session_id);
      before.set(username, client);
    }
    const { moderation } = server.core;
    for (const [kind, username] of [
      ['kick', 'shut-out'],
      ['ban', 'kept-away'],
    ] as const) {
      const range = { kind, target: { range: '127.0.0.0/8' } } as const;
      const until = Date.now() + 3_600_000;
      await moderation.impose('console', { ...range, reason: 'spam', until });
      const code = kind === 'kick' ? 'kicked' : 'banned';
      await assert.rejects(connect({ url: server.url, platform: impatient }), withCode(code));
      await assert.rejects(before.get(username)!.events().next(), withCode(code));
      await moderation.lift('console', range);
      await before.get(username)!.me();
    }
  });
});
