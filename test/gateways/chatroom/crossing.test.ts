import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isConnectedBy } from '../../support/across-nodes.ts';
import { EventReader } from '../../support/event-reader.ts';
import type { ManualClock } from '../../support/manual-clock.ts';
import { type Json, type SealedClient, passwordOf, registered } from '../../support/sealed-client.ts';
import { type TestServer, until } from '../../support/test-server.ts';
import { guest, newcomer, notLoggedIn, returning, startChatroomServer } from './people.ts';
import { RawClient } from './raw-client.ts';

const room = 'Général';
const banned = '{"type":"banned"}';

function said(from: string, message: string): string {
  return `{"type":"message","from":"${from}","message":"${message}"}`;
}

describe('with those who came by another way', () => {
  let server: TestServer;
  let clock: ManualClock;
  let url: string;
  let sealed: SealedClient;
  let events: EventReader;
  before(async () => {
    ({ server, clock, url } = await startChatroomServer());
    sealed = await registered(server.url, 'sealed');
    events = await EventReader.open(sealed);
    clock.advance(200);
  });
  after(() => server.end());

  function tellChanges(): void {
    clock.advance(5_000);
    clock.advance(200);
  }

  test('what one says the other hears, and finds in the history', async () => {
    const ann = await newcomer(url, 'Ann');
    ann.send({ user: 'Ann', type: 'message', message: 'good morning' });
    const event = await events.next('message');
    assert.deepEqual([event['from'], event['message'], event['room_name']], ['Ann', 'good morning', room]);
    await ann.gets(said('Ann', 'good morning'));
    const { seq } = (await sealed.must('/send_message', { room, message: 'and to you' })) as unknown as {
      seq: number;
    };
    await ann.gets(said('sealed', 'and to you'));
    const page = await sealed.must('/list_messages', { room });
    const texts = (page['messages'] as unknown as Json[]).map(
      (each) => `${String(each['from'])}: ${String(each['message'])}`,
    );
    assert.deepEqual(texts, ['Ann: good morning', 'sealed: and to you']);
    // No word for these here: not an edit, not a deletion, not another room, not a direct message.
    await sealed.must('/edit_message', { room, seq, message: 'something else' });
    await sealed.must('/delete_message', { room, seq });
    await sealed.must('/join_room', { room: 'Blabla' });
    await sealed.must('/send_message', { room: 'Blabla', message: 'elsewhere' });
    await sealed.must('/send_message', { to: 'Ann', message: 'between us' });
    await sealed.must('/set_typing', { room, typing: true });
    await sealed.must('/set_typing', { room, typing: false });
    await ann.gets(
      '{"type":"typing","user":"sealed","status":"true"}',
      '{"type":"typing","user":"sealed","status":"false"}',
    );
    ann.send({ user: 'Ann', type: 'typing', status: 'true' });
    ann.send({ user: 'Ann', type: 'typing', status: 'false' }, { user: 'Ann', type: 'disconnect' });
    const typing = await events.next('typing', (each) => (each['username'] as unknown) === 'Ann');
    assert.equal(typing['typing'], true);
    await ann.endsWith();
    const { id } = (await server.store.read.users.byUsernameKey('ann'))!;
    await until(async () => !isConnectedBy(server, id, 'chatroom') || undefined, 'an end');
    tellChanges();
  });

  test('who comes and goes is told to both', async () => {
    const ben = await newcomer(url, 'Ben');
    clock.advance(200);
    const came = await events.next('presence', (each) => (each['username'] as unknown) === 'Ben');
    assert.equal(came['online'], true);
    const other = await registered(server.url, 'other');
    const stream = await EventReader.open(other);
    clock.advance(200);
    await ben.gets('{"type":"user_notification","user":"other","status":"true"}');
    ben.send({ user: 'Ben', type: 'userlist', onlinetype: 'true' });
    await ben.gets('{"type":"userlist","users":["Ben","other","sealed"],"onlinetype":"true"}');
    stream.close();
    await stream.ended;
    const { id } = (await server.store.read.users.byUsernameKey('other'))!;
    await until(async () => !isConnectedBy(server, id, 'events') || undefined, 'an end');
    tellChanges();
    await ben.gets('{"type":"user_notification","user":"other","status":"false"}');
    await ben.close();
    const benId = (await server.store.read.users.byUsernameKey('ben'))!.id;
    await until(async () => !isConnectedBy(server, benId, 'chatroom') || undefined, 'an end');
    tellChanges();
    const went = await events.next('presence', (each) => (each['username'] as unknown) === 'Ben');
    assert.equal(went['online'], false);
  });

  test('a guest is shown as one elsewhere, and here by name alone', async () => {
    const ann = await returning(url, 'Ann');
    clock.advance(200);
    const visitor = await guest(url, 'Cid');
    await ann.gets('{"type":"user_notification","user":"Cid","status":"true"}');
    visitor.send({ user: 'Cid', type: 'message', message: 'passing by' });
    await ann.gets(said('Cid', 'passing by'));
    await visitor.gets(said('Cid', 'passing by'));
    assert.equal((await events.next('message', passing))['from'], 'Cid (guest)');
    clock.advance(200);
    visitor.send({ user: 'Cid', type: 'userlist', onlinetype: true });
    await visitor.gets('{"type":"userlist","users":["Ann","Cid","sealed"],"onlinetype":"true"}');
    await visitor.close();
    await ann.gets('{"type":"user_notification","user":"Cid","status":"false"}');
    tellChanges();
    ann.send({ user: 'Ann', type: 'userlist', onlinetype: 'True' });
    await ann.gets('{"type":"userlist","users":["Ann","sealed"],"onlinetype":"true"}');
    await ann.close();
  });

  function passing(event: Json): boolean {
    return (event['message'] as unknown) === 'passing by';
  }

  test('an admin’s notice is heard', async () => {
    const visitor = await guest(url, 'Dan');
    server.core.hub.toAll({ kind: 'notice', at: clock.now(), text: 'maintenance at noon' });
    await visitor.gets(said('the server', 'maintenance at noon'));
    await visitor.close();
  });

  test('a kick and a ban end the connection, and keep it out until they are over', async () => {
    const { moderation } = server.core;
    let eve = await newcomer(url, 'Eve');
    for (const kind of ['kick', 'ban'] as const) {
      const until = kind === 'kick' ? clock.now() + 60_000 : null;
      const target = { username: 'Eve' };
      await moderation.impose('console', { kind, target, reason: 'enough', until });
      await eve.endsWith(banned);
      const back = await RawClient.open(url);
      back.send({ user: 'Eve', type: 'login', password: 'a guess that is wrong' });
      await back.gets(...notLoggedIn);
      back.send({ user: 'Eve', type: 'login', password: passwordOf('Eve') });
      await back.endsWith(banned);
      if (kind === 'kick') clock.advance(60_000);
      else await moderation.lift('console', { kind, target });
      eve = await returning(url, 'Eve');
    }
    const { id } = (await server.store.read.users.byUsernameKey('eve'))!;
    // Only those to the node that is asked are counted.
    const here = server.core.hub.connectionsOf(id);
    assert.equal(await moderation.kill('console', 'Eve', 'a moment'), here);
    await eve.endsWith();
    eve = await returning(url, 'Eve');
    await eve.close();
  });

  test('a banned address is told so, before and after the login and at the door', async () => {
    const { moderation } = server.core;
    const visitor = await guest(url, 'Flo');
    const anonymous = await RawClient.open(url);
    anonymous.send({ user: 'x', type: 'salt' });
    await anonymous.line();
    const ban = { kind: 'ban', target: { range: '127.0.0.0/8' }, reason: 'all of you', until: null } as const;
    await moderation.impose('console', ban);
    await visitor.endsWith(banned);
    anonymous.send({ user: 'x', type: 'salt' });
    await anonymous.endsWith(banned);
    await (await RawClient.open(url)).endsWith(banned);
    await moderation.lift('console', ban);
    await (await guest(url, 'Flo2')).close();
    events = await EventReader.open(sealed);
  });

  test('who is put out of the room has nowhere else to be', async () => {
    await server.core.moderation.setRole('console', 'sealed', 'admin');
    let gus = await newcomer(url, 'Gus');
    for (const [path, undo] of [
      ['/remove_member', '/approve_member'],
      ['/ban_member', '/unban_member'],
    ] as const) {
      await sealed.must(path, { room, username: 'Gus' });
      await gus.endsWith(banned);
      const back = await RawClient.open(url);
      back.send({ user: 'Gus', type: 'login', password: passwordOf('Gus') });
      await back.endsWith(banned);
      await sealed.must(undo, { room, username: 'Gus' });
      if (undo === '/unban_member') await sealed.must('/invite_member', { room, username: 'Gus' });
      gus = await returning(url, 'Gus');
      gus.send({ user: 'Gus', type: 'message', message: 'back' });
      await gus.gets(said('Gus', 'back'));
    }
    await gus.close();
  });

  test('an account that is deleted elsewhere is gone here', async () => {
    const other = await registered(server.url, 'Hal');
    const hal = await returning(url, 'Hal');
    await other.must('/delete_account', { password: passwordOf('Hal') });
    await hal.endsWith();
  });
});

test('a list of users that is too long for one object is cut', async () => {
  const { server, url } = await startChatroomServer();
  try {
    const names = Array.from({ length: 600 }, (_, at) => `${'漢'.repeat(36)}${String(at).padStart(4, '0')}`);
    await Promise.all(names.map((name) => server.core.guests.enter(name, '192.0.2.1')));
    const client = await guest(url, 'Kim');
    client.send({ user: 'Kim', type: 'userlist', onlinetype: false });
    const line = await client.line();
    const { users } = JSON.parse(line) as { users: string[] };
    assert.ok(Buffer.byteLength(line) < 64 * 1024 && Buffer.byteLength(line) > 50 * 1024);
    assert.deepEqual(users, names.slice(0, users.length));
  } finally {
    await server.end();
  }
});

test('at shutdown everybody is told, whether they are in or not', async () => {
  const { server, url } = await startChatroomServer();
  const member = await newcomer(url, 'Ida');
  const visitor = await guest(url, 'Jon');
  const anonymous = await RawClient.open(url);
  anonymous.send({ user: 'x', type: 'salt' });
  await anonymous.line();
  const half = await RawClient.open(url);
  half.send('{"user":"x", "ty');
  await member.gets('{"type":"user_notification","user":"Jon","status":"true"}');
  const stopped = server.stop();
  for (const client of [member, visitor, anonymous, half]) {
    client.send('garbage', { user: 'x', type: 'salt' });
    await client.endsWith('{"type":"shutdown"}');
  }
  await stopped;
  const again = await server.restart();
  const back = await guest(again.gatewayUrls['chatroom']!, 'Jon');
  back.send({ user: 'Jon', type: 'login', password: 'x' });
  await back.gets(...notLoggedIn);
  await again.end();
});
