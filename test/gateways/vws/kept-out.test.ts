import assert from 'node:assert/strict';
import { type Socket, connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { doUpkeep } from '../../support/across-nodes.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { EventReader } from '../../support/event-reader.ts';
import { registered } from '../../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../../support/test-server.ts';
import { VwsClient, goodPassword, post, publicKeyHex, registeredVws } from './vws-client.ts';

const from = (address: string): Record<string, string> => ({ 'X-Forwarded-For': address });

describe('who is kept out', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ VWS_COMPAT: 'on', TRUST_PROXY: '127.0.0.1' });
  });
  after(() => server.end());

  test('hears why by every request, logs in nowhere, and comes back in the same chain', async () => {
    const client = await registeredVws(server.url, 'rude');
    const action = {
      kind: 'ban',
      target: { username: 'rude' },
      reason: 'insulted "everybody"',
      until: null,
    } as const;
    await server.core.moderation.impose('console', action);
    const error = 'Banned: insulted "everybody"';
    await client.refused(error, '/encrypt/rude', { message: 'x' });
    await client.refused(error, '/change_username', { new_username: 'polite', password: goodPassword });
    const again = await VwsClient.open(server.url);
    const login = { email: 'rude@example.org', password: goodPassword };
    await again.refused(error, '/login_user', login);
    await again.refused('Password is wrong', '/login_user', { ...login, password: 'x' });
    await server.core.moderation.lift('console', action);
    await client.must('/encrypt/rude', { message: 'x' });
    await again.must('/login_user', login);
  });

  test('hears until when, of a kick', async () => {
    const client = await registeredVws(server.url, 'noisy');
    const until = Date.UTC(2199, 0, 2, 3, 4, 5);
    const action = { kind: 'kick', target: { username: 'noisy' }, reason: 'calm', until } as const;
    await server.core.moderation.impose('console', action);
    await client.refused('Kicked until 2199-01-02 03:04:05 UTC: calm', '/decrypt', { message: 'x' });
    await server.core.moderation.lift('console', action);
    await client.must('/encrypt/noisy', { message: 'x' });
  });

  test('by address gets no session, and no answer in one, wherever else it came from', async () => {
    const client = await registeredVws(server.url, 'roamer', from('2001:db8:7::1'));
    assert.deepEqual(await seenAt(server, '2001:db8:7::/48'), ['roamer']);
    const action = {
      kind: 'ban',
      target: { range: '2001:db8:7::/48' },
      reason: 'spam',
      until: null,
    } as const;
    await server.core.moderation.impose('console', action);
    await client.refused('Banned: spam', '/encrypt/roamer', { message: 'x' });
    const body = { public_key: publicKeyHex() };
    const refused = await post(`${server.url}/vws/create_session_key`, body, from('2001:db8:7:ffff::2'));
    assert.equal(refused.status, 403);
    assert.equal((JSON.parse(refused.text) as { code: string }).code, 'banned');
    await VwsClient.open(server.url, from('2001:db8:8::1'));
    await server.core.moderation.lift('console', action);
    await client.must('/encrypt/roamer', { message: 'x' });
  });

  test('is not who is killed: there is no connection to end', async () => {
    const client = await registeredVws(server.url, 'hardy');
    await server.core.moderation.kill('console', 'hardy', 'restart your client');
    await client.must('/encrypt/hardy', { message: 'x' });
  });
});

describe('limits by address', () => {
  let server: TestServer;
  before(async () => {
    // However long it takes here: no time passes.
    const clock = new ManualClock();
    server = await startTestServer({ VWS_COMPAT: 'on', LIMITS: 'on', TRUST_PROXY: '127.0.0.1' }, { clock });
  });
  after(() => server.end());

  test('count handshakes of either profile together', async () => {
    const body = { public_key: publicKeyHex() };
    const ask = (path: string) => post(`${server.url}${path}`, body, from('192.0.2.1'));
    const statuses = new Map<number, number>();
    for (let at = 0; at < 130; at++) {
      const { status } = await ask(at % 2 === 0 ? '/vws/create_session_key' : '/create_session_key');
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    const refused = await ask('/vws/create_session_key');
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get('retry-after')) >= 1);
    assert.ok((statuses.get(200) ?? 0) < 70);
    assert.equal((await post(`${server.url}/vws/create_session_key`, body, from('192.0.2.2'))).status, 200);
  });

  test('are said with the next pair, and when to come back', async () => {
    const client = await VwsClient.open(server.url, from('192.0.2.3'));
    let answer = await client.must('/forgot_password', { email: 'a@example.org' });
    for (let at = 0; at < 11; at++)
      answer = await client.call('/forgot_password', { email: 'a@example.org' });
    assert.deepEqual([answer.status, answer.error], [201, 'Too many requests']);
    assert.ok(Number(answer.headers.get('retry-after')) >= 1);
    await client.refused('No authorization', '/decrypt', { message: 'x' });
  });
});

describe('beside the other ways in', () => {
  test('a renaming is told to who shares a room, and a stop lets what is asked be answered', async () => {
    const server = await startTestServer({ VWS_COMPAT: 'on' });
    const client = await registeredVws(server.url, 'renamed');
    const watcher = await registered(server.url, 'watcher');
    const events = await EventReader.open(watcher);
    await client.must('/change_username', { new_username: 'brandnew', password: goodPassword });
    await watcher.must('/encrypt/brandnew', { message: 'x' });
    const body = JSON.stringify(client.form({ message: 'x' }));
    // What stands before several nodes would keep half a request to itself.
    const { hostname, port } = new URL(server.nodes[0]!.url);
    const socket = connect(Number(port), hostname);
    const answer = textOf(socket);
    socket.write(`POST /vws/encrypt/watcher HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`);
    // Answered after what was written above has arrived.
    await watcher.must('/me');
    const stopped = server.end();
    await events.ended;
    socket.write(body);
    assert.match(await answer, /^HTTP\/1\.1 200 /);
    await stopped;
  });
});

function textOf(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  return new Promise((resolve) => socket.on('close', () => resolve(text)));
}

async function seenAt(server: TestServer, range: string): Promise<unknown> {
  await doUpkeep(server);
  return server.core.moderation.seenAt(range);
}
