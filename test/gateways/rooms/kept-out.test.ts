import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type TestServer, startTestServer } from '../../support/test-server.ts';
import { RoomsClient } from './rooms-client.ts';

describe('who is kept out, on the rooms gateway', () => {
  let server: TestServer;
  let url: string;
  const until = Date.UTC(2099, 11, 31, 23, 59, 58, 999);
  const timeout = '2099-12-31 23:59:58';
  before(async () => {
    server = await startTestServer({ LISTEN_ROOMS: 'tcp://127.0.0.1:0' });
    url = server.gatewayUrls['rooms']!;
  });
  after(async () => {
    await server.end();
    assert.doesNotMatch(server.log(), /"level":"error"/);
  });

  const impose = (action: Parameters<TestServer['core']['moderation']['impose']>[1]) =>
    server.core.moderation.impose('console', action);

  test('a kick ends the connection, and says for how long; a sign-in is told so too', async () => {
    const client = await RoomsClient.signedUp(url, 'kicked');
    const target = { username: 'kicked' };
    await impose({ kind: 'kick', target, reason: 'calm down', until });
    await client.expect(`{"type":"kick","timeout":"${timeout}","reason":"calm down"}`);
    await client.expectEnd();
    const again = await RoomsClient.signingIn(url, 'kicked');
    await again.expect(`{"type":"signin","status":"kick","timeout":"${timeout}","reason":"calm down"}`);
    await again.expectEnd();
    const guess = await RoomsClient.open(url);
    guess.send({ type: 'signin', username: 'kicked', password: 'not their password' });
    await guess.expect('{"type":"signin","status":"error","reason":"incorrect_password"}');
    guess.socket.destroy();
    await server.core.moderation.lift('console', { kind: 'kick', target });
    const back = await RoomsClient.signingIn(url, 'kicked');
    assert.equal((await back.nextObject())['status'], 'ok');
    await back.leave();
  });

  test('a ban ends the connection; a sign-in is told so too, until it is lifted', async () => {
    const client = await RoomsClient.signedUp(url, 'banned');
    const target = { username: 'banned' };
    await impose({ kind: 'ban', target, reason: 'x'.repeat(300) + '"é'.repeat(200), until: null });
    const { type, reason } = await client.nextObject();
    assert.equal(type, 'ban');
    assert.match(String(reason), /^x{300}["é]{200,}$/);
    await client.expectEnd();
    const again = await RoomsClient.signingIn(url, 'banned');
    assert.equal((await again.nextObject())['status'], 'ban');
    await again.expectEnd();
    await server.core.moderation.lift('console', { kind: 'ban', target });
    const back = await RoomsClient.signingIn(url, 'banned');
    assert.equal((await back.nextObject())['status'], 'ok');
    await back.leave();
  });

  test('a ban of the address ends all from there, and whoever comes is told and closed', async () => {
    const user = await RoomsClient.signedUp(url, 'neighbour');
    const stranger = await RoomsClient.open(url);
    const target = { range: '127.0.0.1' };
    await impose({ kind: 'ban', target, reason: 'spam', until: null });
    await user.expect('{"type":"ban_ip","reason":"spam"}');
    await user.expectEnd();
    stranger.send({ type: 'signup', username: 'sneaky', password: 'a fine long secret' });
    await stranger.expect('{"type":"ban_ip","reason":"spam"}');
    await stranger.expectEnd();
    assert.equal(await server.store.read.users.byUsernameKey('sneaky'), null);
    const late = await RoomsClient.open(url);
    await late.expect('{"type":"ban_ip","reason":"spam"}');
    await late.expectEnd();
    await server.core.moderation.lift('console', { kind: 'ban', target });
    const back = await RoomsClient.signingIn(url, 'neighbour');
    assert.equal((await back.nextObject())['status'], 'ok');
    await impose({ kind: 'kick', target, reason: 'a while', until });
    await back.expect(`{"type":"kick_ip","timeout":"${timeout}","reason":"a while"}`);
    await back.expectEnd();
    const later = await RoomsClient.open(url);
    await later.expect(`{"type":"kick_ip","timeout":"${timeout}","reason":"a while"}`);
    await later.expectEnd();
    await server.core.moderation.lift('console', { kind: 'kick', target });
  });

  test('a kill ends the connection, and the user may come back', async () => {
    const client = await RoomsClient.signedUp(url, 'killed');
    await server.core.moderation.kill('console', 'killed', 'restart your client');
    await client.expect('{"type":"kill","reason":"restart your client"}');
    await client.expectEnd();
    const back = await RoomsClient.signingIn(url, 'killed');
    assert.equal((await back.nextObject())['status'], 'ok');
    await back.leave();
  });

  test('at shutdown what was said is delivered, and all are closed', async () => {
    const other = await startTestServer({ LISTEN_ROOMS: 'tcp://127.0.0.1:0' });
    const place = other.gatewayUrls['rooms']!;
    const user = await RoomsClient.signedUp(place, 'ada');
    const stranger = await RoomsClient.open(place);
    const texts = Array.from({ length: 20 }, (_, at) => `last words, number ${at}`);
    const { id } = (await other.store.read.users.byUsernameKey('ada'))!;
    const caller = { userId: id, sessionId: null, address: '::1', client: 'test', claim: null };
    // What another node has only begun to pass on when all stop at once is found when they come back.
    const { core } = other.nodes.find((node) => node.core.hub.isConnectedBy(id, 'rooms'))!;
    for (const text of texts) await core.sendMessage(caller, { room: 'Général' }, text);
    const ended = other.end();
    for (const text of texts) assert.equal((await user.nextObject())['message'], text);
    await Promise.all([user.expectEnd(), stranger.expectEnd(), ended]);
    await assert.rejects(RoomsClient.open(place), /ECONNREFUSED/);
  });
});
