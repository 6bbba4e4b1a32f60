import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EventReader } from '../support/event-reader.ts';
import { type Nodes, startNodes } from '../support/nodes.ts';
import { SealedClient, passwordOf, registered } from '../support/sealed-client.ts';
import { withoutRedis } from '../support/shared-redis.ts';
import { type TestServer, until } from '../support/test-server.ts';

describe('live events on two nodes', { skip: withoutRedis }, () => {
  let running: Nodes;
  let a: TestServer;
  let b: TestServer;
  before(async () => {
    running = await startNodes(2);
    [a, b] = running.nodes as [TestServer, TestServer];
  });
  after(() => running.end());

  test('a message sent to one node comes to a stream on the other, in order', async () => {
    const ada = await registered(a.url, 'ada');
    const bert = await registered(b.url, 'bert');
    const events = await EventReader.open(bert);
    for (let at = 0; at < 20; at++) {
      ada.url = at % 2 === 0 ? a.url : b.url;
      await ada.must('/send_message', { room: 'Général', message: `message ${at}` });
    }
    for (let at = 0; at < 20; at++) {
      const { message, seq } = await events.next('message');
      assert.deepEqual([message, seq], [`message ${at}`, at + 1]);
    }
    const { users } = await ada.must('/list_users', { online: true });
    assert.deepEqual(
      (users as unknown as { username: string }[]).map(({ username }) => username),
      ['bert'],
    );
    events.close();
  });

  test('a session that is ended on one node ends its stream on the other, though nobody looks for it', async () => {
    const carl = await registered(a.url, 'carl');
    const other = await SealedClient.open(b.url);
    await other.must('/login_user', { username: 'carl', password: passwordOf('carl') });
    const events = await EventReader.open(other);
    await b.core.sessionRecheck.stop();
    const started = Date.now();
    await carl.must('/change_password', {
      password: passwordOf('carl'),
      new_password: 'a wholly different thing 7',
    });
    await events.ended;
    assert.ok(Date.now() - started < 15_000, 'before the stream looks for itself');
  });

  test('a ban on one node ends streams on the other, and is known there', async () => {
    const dora = await registered(b.url, 'dora');
    const events = await EventReader.open(dora);
    await a.core.moderation.impose('console', {
      kind: 'ban',
      target: { username: 'dora' },
      reason: 'enough',
      until: null,
    });
    assert.equal((await events.next('banned'))['reason'], 'enough');
    await events.ended;
    await dora.refused('banned', '/me');
  });

  test('a node that stops tells its streams to come back, and when', async () => {
    const one = await startNodes(1);
    const emil = await registered(one.nodes[0]!.url, 'emil');
    const seq = ++emil.seq;
    const response = await fetch(`${emil.url}/events`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: emil.seal('/events', {}, { seq }),
    });
    const text = response.text();
    await until(async () => one.nodes[0]!.core.hub.connectionCount === 1 || undefined, 'a stream');
    await one.end();
    const [, milliseconds = ''] = /\nretry: (\d+)\n\n$/.exec(await text) ?? [];
    assert.ok(Number(milliseconds) >= 0 && milliseconds !== '' && Number(milliseconds) <= 8_000);
  });
});
