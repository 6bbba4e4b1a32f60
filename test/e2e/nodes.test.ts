import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EventReader } from '../support/event-reader.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { type Nodes, startNodes } from '../support/nodes.ts';
import {
  SealedClient,
  clientKeys,
  emailOf,
  passwordOf,
  registered,
  unwrap,
} from '../support/sealed-client.ts';
import { withoutRedis } from '../support/shared-redis.ts';
import { type TestServer, until } from '../support/test-server.ts';

describe('sessions on two nodes', { skip: withoutRedis }, () => {
  const clock = new ManualClock();
  let running: Nodes;
  let a: TestServer;
  let b: TestServer;
  let names = 0;
  const newName = (): string => `somebody${names++}`;

  before(async () => {
    running = await startNodes(2, { overrides: { clock } });
    [a, b] = running.nodes as [TestServer, TestServer];
  });
  after(() => running.end());

  const logIn = async (node: TestServer, name: string): Promise<SealedClient> => {
    const client = await SealedClient.open(node.url);
    await client.must('/login_user', { username: name, password: passwordOf(name) });
    return client;
  };

  test('a session opened on one is good on the other, before and after the login', async () => {
    const name = newName();
    const client = await SealedClient.open(a.url);
    client.url = b.url;
    await client.refused('not_logged_in', '/me');
    client.url = a.url;
    await client.refused('not_logged_in', '/me');
    client.url = b.url;
    await client.must('/register_user', { username: name, email: emailOf(name), password: passwordOf(name) });
    client.url = a.url;
    const { user } = await client.must('/me');
    assert.equal(user?.['username'], name);
  });

  test('a number is accepted on one of them, whichever is first', async () => {
    const client = await registered(a.url, newName());
    for (let round = 0; round < 30; round++) {
      const body = client.seal('/me', {});
      const statuses = await Promise.all(
        [a, b, a, b].map(async ({ url }) => (await sendTo(url, client, body)).status),
      );
      assert.deepEqual(
        statuses.toSorted((one, other) => one - other),
        [200, 409, 409, 409],
      );
    }
  });

  test('a replay on the other node is told the next number', async () => {
    const client = await registered(a.url, newName());
    const body = client.seal('/me', {}, { seq: 5000 });
    assert.equal((await sendTo(a.url, client, body)).status, 200);
    const replay = await sendTo(b.url, client, body);
    assert.equal(replay.status, 409);
    assert.equal(replay.body['next_seq'], 5001);
  });

  test('none of 10,000 replays is accepted on any of them', async () => {
    const client = await registered(a.url, newName());
    const keys = await Promise.all([a, b].map(async ({ core }) => core.registry.find(client.sessionKey)));
    const accept = async (node: number, seq: number): Promise<boolean> => {
      const key = keys[node];
      assert.ok(key);
      return [a, b][node]?.core.replayProtection.accept(key, seq) ?? false;
    };
    for (let seq = 2; seq <= 101; seq++) assert.equal(await accept(seq % 2, seq), true);
    let accepted = 0;
    for (let at = 0; at < 10_000; at += 500) {
      const replies = await Promise.all(
        Array.from({ length: 500 }, (_, index) => accept(index % 2, ((at + index) % 101) + 1)),
      );
      accepted += replies.filter(Boolean).length;
    }
    assert.equal(accepted, 0);
  });

  test('who logs out on one is logged out on the other', async () => {
    const client = await registered(a.url, newName());
    client.url = b.url;
    await client.must('/me');
    client.url = a.url;
    await client.must('/logout');
    client.url = b.url;
    await client.refused('session_unknown', '/me');
  });

  test('who logs in as somebody else on one is that on the other', async () => {
    const [first, second] = [newName(), newName()];
    await registered(a.url, second);
    const client = await registered(a.url, first);
    client.url = b.url;
    await client.must('/me');
    client.url = a.url;
    await client.must('/login_user', { username: second, password: passwordOf(second) });
    client.url = b.url;
    assert.equal((await client.must('/me'))['user']?.['username'], second);
  });

  test('a session revoked on one is over on the other, and its stream there ends', async () => {
    const name = newName();
    const owner = await registered(a.url, name);
    const elsewhere = await logIn(b, name);
    const stream = await EventReader.open(elsewhere);
    const { sessions } = await owner.must('/list_sessions');
    const other = (sessions as unknown as { session_id: string; current: boolean }[]).find(
      (each) => !each.current,
    );
    await owner.must('/revoke_session', { session_id: other?.session_id });
    await elsewhere.refused('session_unknown', '/me');
    await stream.ended;
  });

  test('a changed password ends the sessions on the other node, but not the one that changed it', async () => {
    const name = newName();
    const owner = await registered(a.url, name);
    const others = [await logIn(a, name), await logIn(b, name), await logIn(b, name)];
    owner.url = b.url;
    await owner.must('/change_password', {
      password: passwordOf(name),
      new_password: 'another fine long secret',
    });
    for (const other of others) {
      for (const { url } of [b, a]) {
        other.url = url;
        await other.refused('session_unknown', '/me');
      }
    }
    for (const { url } of [a, b]) {
      owner.url = url;
      await owner.must('/me');
    }
  });

  test('a deleted account has no session on any', async () => {
    const name = newName();
    const owner = await registered(a.url, name);
    const other = await logIn(b, name);
    await owner.must('/delete_account', { password: passwordOf(name) });
    await other.refused('session_unknown', '/me');
  });

  test('a key made on one is good on the other, and the old one for 30 s', async () => {
    for (const loggedIn of [true, false]) {
      const client = loggedIn ? await registered(a.url, newName()) : await SealedClient.open(a.url);
      const path = loggedIn ? '/me' : '/forgot_password';
      const fields = loggedIn ? {} : { email: 'nobody@example.org' };
      client.url = b.url;
      await client.must(path, fields);
      client.url = a.url;
      const old = Object.assign(Object.create(SealedClient.prototype) as SealedClient, client);
      const public_key = clientKeys().publicKey.export({ format: 'jwk' });
      const made = await client.must('/rotate_session_key', { public_key });
      Object.assign(client, {
        sessionKey: made['session_key'],
        key: unwrap(String(made['key'])),
        seq: 0,
        url: b.url,
      });
      await client.must(path, fields);
      old.url = b.url;
      old.seq += 1;
      await old.must(path, fields);
      clock.advance(30_001);
      await old.refused('session_unknown', path, fields);
      await client.must(path, fields);
    }
  });

  test('what a node could not say any more is noticed two seconds later', async () => {
    const client = await registered(a.url, newName());
    client.url = b.url;
    await client.must('/me');
    const key = await b.core.registry.find(client.sessionKey);
    assert.ok(key?.session.userId);
    // As by a node that was killed after its commit.
    await running.state.store.transact('endSession', {
      now: clock.now(),
      claim: null,
      userId: key.session.userId,
      sessionId: key.session.id,
    });
    clock.advance(2_000);
    await client.refused('session_unknown', '/me');
  });

  test('the same for a stream of events', async () => {
    const client = await registered(b.url, newName());
    const stream = await EventReader.open(client);
    const key = await b.core.registry.find(client.sessionKey);
    assert.ok(key?.session.userId);
    await running.state.store.transact('endSession', {
      now: clock.now(),
      claim: null,
      userId: key.session.userId,
      sessionId: key.session.id,
    });
    clock.advance(2_000);
    await b.core.sessionRecheck.now();
    await stream.ended;
  });

  test('a ban that no node heard of keeps out as soon as its node looks up', async (t) => {
    const name = newName();
    const client = await registered(b.url, name);
    await client.must('/me');
    const silent = a.core.moderation as unknown as { dependencies: { tellNodes(): void } };
    const silenced = t.mock.method(silent.dependencies, 'tellNodes', () => {});
    const ban = { kind: 'ban', target: { username: name }, reason: 'enough', until: null } as const;
    // What is read when its time has come is late.
    let letRead = (): void => {};
    const late = new Promise<void>((resolve) => (letRead = resolve));
    const { bans } = running.state.store.read;
    const read = bans.inForce.bind(bans);
    const slow = t.mock.method(bans, 'inForce', async (now: number) => {
      await late;
      return read(now);
    });
    await a.core.moderation.impose('console', ban);
    silenced.mock.restore();
    clock.advance(2_000);
    const refused = client.refused('banned', '/me');
    const isAsked = until(async () => slow.mock.callCount() > 0 || undefined, 'a look at the bans');
    await Promise.race([refused, isAsked]);
    letRead();
    await refused;
    slow.mock.restore();
    await a.core.moderation.lift('console', { kind: 'ban', target: { username: name } });
  });

  test('a login that no node heard of is noticed as well', async (t) => {
    const client = await SealedClient.open(a.url);
    client.url = b.url;
    await client.refused('not_logged_in', '/me');
    const silent = a.core.registry as unknown as { options: { news: { loggedIn(): Promise<void> } } };
    const silenced = t.mock.method(silent.options.news, 'loggedIn', async () => {});
    client.url = a.url;
    const name = newName();
    await client.must('/register_user', { username: name, email: emailOf(name), password: passwordOf(name) });
    silenced.mock.restore();
    clock.advance(2_000);
    client.url = b.url;
    await client.must('/me');
  });

  test('both tell where a user is logged in, and when it was used last', async () => {
    const name = newName();
    const onA = await registered(a.url, name);
    const onB = await logIn(b, name);
    clock.advance(40_000);
    await onB.must('/me');
    await b.core.upkeep.run();
    clock.advance(1_500);
    const { sessions } = await onA.must('/list_sessions');
    const times = (sessions as unknown as { last_used_at: string; current: boolean }[]).find(
      (each) => !each.current,
    );
    assert.equal(times?.last_used_at, new Date(clock.now() - 1_500).toISOString());
  });

  test('a new name is seen on the other node within two seconds', async () => {
    const name = newName();
    const client = await registered(a.url, name);
    client.url = b.url;
    await client.must('/me');
    client.url = a.url;
    await client.must('/change_username', { new_username: `${name}x`, password: passwordOf(name) });
    clock.advance(1_500);
    client.url = b.url;
    assert.equal((await client.must('/me'))['user']?.['username'], `${name}x`);
  });
});

async function sendTo(url: string, client: SealedClient, body: string): ReturnType<SealedClient['send']> {
  const there = Object.assign(Object.create(SealedClient.prototype) as SealedClient, client, { url });
  return there.send('/me', body);
}
