import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EventReader } from '../../support/event-reader.ts';
import { SealedClient, passwordOf, registered } from '../../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../../support/test-server.ts';
import { RoomsClient } from './rooms-client.ts';

describe('rooms and the other ways in', () => {
  let server: TestServer;
  let url: string;
  before(async () => {
    server = await startTestServer({ LISTEN_ROOMS: 'tcp://127.0.0.1:0' });
    url = server.gatewayUrls['rooms']!;
  });
  after(async () => {
    await server.end();
    assert.doesNotMatch(server.log(), /"level":"error"/);
  });

  test('one account, one conversation: what is said here is heard there, and back', async () => {
    const sealed = await registered(server.url, 'sealed');
    const events = await EventReader.open(sealed);
    const ada = await RoomsClient.signedUp(url, 'ada');
    const presence = await events.next('presence');
    assert.equal(presence['username'], 'ada');
    ada.send({ type: 'public', room: 'Général', message: 'hello there' });
    await ada.next();
    const heard = await events.next('message');
    assert.deepEqual([heard['from'], heard['message']], ['ada', 'hello there']);
    await sealed.must('/send_message', { room: heard['room'], message: 'hello yourself' });
    await ada.expect('{"type":"public","room":"Général","user":"sealed","message":"hello yourself"}');
    await sealed.must('/send_message', { to: 'ada', message: 'between us' });
    await ada.expect(
      '{"type":"pending_room","status":"ok","room":"adasealed"}',
      '{"type":"public","room":"adasealed","user":"sealed","message":"between us"}',
    );
    ada.send({ type: 'public', room: 'adasealed', message: 'sure' });
    await ada.next();
    const answer = await events.next('message', (event) => (event['from'] as unknown) === 'ada');
    assert.deepEqual([answer['with'], answer['message']], ['ada', 'sure']);
    // The account that was made there logs in here, and the other way round.
    const here = await RoomsClient.signingIn(url, 'sealed');
    assert.equal((await here.nextObject())['status'], 'ok');
    const there = await SealedClient.open(server.url);
    await there.must('/login_user', { username: 'ada', password: passwordOf('ada') });
    events.close();
    here.socket.destroy();
    await ada.leave();
  });

  test('an edit and a deletion have no word here', async () => {
    const sealed = await registered(server.url, 'editor');
    const reader = await RoomsClient.signedUp(url, 'reader');
    const { seq } = await sealed.must('/send_message', { room: 'Général', message: 'one' });
    assert.equal((await reader.nextObject())['message'], 'one');
    await sealed.must('/edit_message', { room: 'Général', seq, message: 'two' });
    await sealed.must('/delete_message', { room: 'Général', seq });
    await reader.settled();
    const { seq: later } = await sealed.must('/send_message', { room: 'Général', message: 'three' });
    await reader.next();
    await reader.leave();
    const back = await RoomsClient.signingIn(url, 'reader');
    await back.next();
    await sealed.must('/edit_message', { room: 'Général', seq: later, message: 'four' });
    await back.settled();
    await back.leave();
  });

  test('a group is a room, from when the user is in it', async () => {
    const owner = await registered(server.url, 'owner');
    const member = await RoomsClient.signedUp(url, 'member');
    const { room } = await owner.must('/create_room', { room: 'a "group" of us', kind: 'invite' });
    await owner.must('/invite_member', { room, username: 'member' });
    await member.settled();
    member.send({ type: 'pending_room', room: 'a "group" of us' });
    await member.expect('{"type":"pending_room","status":"ok","room":"a \\"group\\" of us"}');
    await owner.must('/send_message', { room, message: 'welcome' });
    await member.expect('{"type":"public","room":"a \\"group\\" of us","user":"owner","message":"welcome"}');
    await owner.must('/remove_member', { room, username: 'member', reason: 'enough' });
    await owner.must('/send_message', { room, message: 'alone at last' });
    member.send({ type: 'public', room: 'a "group" of us', message: 'hello?' });
    await member.expect('{"type":"public","status":"error","reason":"not_in_room"}');
    const { room: other } = await owner.must('/create_room', { room: 'theirs', kind: 'invite' });
    assert.ok(other);
    member.send({ type: 'pending_room', room: 'theirs' });
    await member.expect('{"type":"pending_room","status":"error","reason":"room_does_not_exist"}');
    await member.leave();
  });

  test('a private room never goes by the name of another room', async () => {
    const maker = await registered(server.url, 'maker');
    await maker.must('/create_room', { room: 'amybob', kind: 'open' });
    const amy = await RoomsClient.signedUp(url, 'amy');
    const bob = await RoomsClient.signedUp(url, 'bob');
    amy.send({ type: 'private', to: 'bob', message: 'psst' });
    await amy.expect('{"type":"private","status":"ok"}');
    for (const client of [amy, bob]) {
      await client.expect(
        '{"type":"pending_room","status":"ok","room":"amy+bob"}',
        '{"type":"public","room":"amy+bob","user":"amy","message":"psst"}',
      );
    }
    // A name that was given stays, whatever rooms are made since.
    const cy = await RoomsClient.signedUp(url, 'cy');
    cy.send({ type: 'private', to: 'amy', message: 'hi' });
    await cy.next();
    await amy.expect(
      '{"type":"pending_room","status":"ok","room":"amycy"}',
      '{"type":"public","room":"amycy","user":"cy","message":"hi"}',
    );
    await maker.must('/create_room', { room: 'amycy', kind: 'open' });
    amy.send({ type: 'pending_room', room: 'amycy' });
    await amy.expect('{"type":"pending_room","status":"error","reason":"already_in_room"}');
    await maker.must('/create_room', { room: 'AmyCy 2', kind: 'open' });
    for (const client of [amy, bob, cy]) client.socket.destroy();
  });

  test('two friends whose names make the same name have rooms of different names', async () => {
    const aba = await RoomsClient.signedUp(url, 'aba');
    const ab = await RoomsClient.signedUp(url, 'ab');
    const ba = await RoomsClient.signedUp(url, 'ba');
    for (const [client, name] of [[ab, 'ababa'] as const, [ba, 'aba+ba'] as const]) {
      client.send({ type: 'private', to: 'aba', message: 'hello' });
      await aba.expect(`{"type":"pending_room","status":"ok","room":"${name}"}`);
      assert.equal((await aba.nextObject())['room'], name);
    }
    ba.send({ type: 'disconnect' });
    aba.send({ type: 'public', room: 'ababa', message: 'for ab' });
    assert.equal((await aba.nextObject())['message'], 'for ab');
    const objects = [
      await ab.nextObject(),
      await ab.nextObject(),
      await ab.nextObject(),
      await ab.nextObject(),
    ];
    assert.equal(objects.at(-1)!['message'], 'for ab');
    aba.socket.destroy();
    ab.socket.destroy();
  });

  test('signing in again on a connection is a change of who it is for', async () => {
    await (await RoomsClient.signedUp(url, 'second')).leave();
    const client = await RoomsClient.signedUp(url, 'first');
    client.send({ type: 'signin', username: 'second', password: passwordOf('second') });
    assert.equal((await client.nextObject())['status'], 'ok');
    client.send({ type: 'public', room: 'Général', message: 'who am I' });
    await client.expect('{"type":"public","room":"Général","user":"second","message":"who am I"}');
    await client.settled();
    await client.leave();
  });

  test('what an admin says to everybody is heard', async () => {
    const client = await RoomsClient.signedUp(url, 'listener');
    server.core.hub.toAll({ kind: 'notice', at: 0, text: 'a short break at noon' });
    await client.expect(
      '{"type":"public","room":"Général","user":"the server","message":"a short break at noon"}',
    );
    await client.leave();
  });
});
