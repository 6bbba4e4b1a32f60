import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SqliteDatabase } from '../../../src/store/sqlite/driver.ts';
import { skipWithoutFiles } from '../../support/server-database.ts';
import { EventReader } from '../../support/event-reader.ts';
import { type SealedClient, passwordOf, registered } from '../../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../../support/test-server.ts';
import { ChateauClient } from './chateau-client.ts';

const forGood = { reason: 'enough', until: null } as const;

describe('chateau and everybody else', () => {
  let server: TestServer;
  let url: string;
  let names = 0;
  before(async () => {
    server = await startTestServer({ LISTEN_CHATEAU: 'ws://127.0.0.1:0/ws' });
    url = server.gatewayUrls['chateau']!;
  });
  after(() => server.end());

  async function pair(): Promise<{ guest: string; chat: ChateauClient; user: string; sealed: SealedClient }> {
    const [guest, user] = [`guest${++names}`, `user${names}`];
    const sealed = await registered(server.url, user);
    return { guest, chat: await ChateauClient.registered(url, guest), user, sealed };
  }

  test('a guest and a user of the sealed API talk, and the user finds it in the history', async () => {
    const { guest, chat, user, sealed } = await pair();
    const events = await EventReader.open(sealed);
    await chat.ask({ type: 'GroupMessageRequest', recipient: user, content: 'hello from chateau' });
    const heard = await events.next('message');
    assert.equal(heard['message'], 'hello from chateau');
    assert.equal(heard['from'], `${guest} (guest)`);
    await sealed.must('/send_message', { to: guest, message: 'hello back' });
    const answer = `{"type":"GroupMessageRecv","status":200,"sender":"${user}","chatname":"${user}","content":"hello back"}`;
    assert.equal(await chat.next(), answer);
    events.close();
    chat.close();
  });

  test('a group of chateau is a room for everybody, and what is edited there is not said again', async () => {
    const { guest, chat, user, sealed } = await pair();
    const events = await EventReader.open(sealed);
    const name = `salon ${names}`;
    const group = { type: 'GroupMessageInitRequest', recipients: [user], chatname: name, content: 'first' };
    assert.equal(await chat.ask(group), '{"type":"GroupMessageInitResponse","status":200}');
    assert.equal((await events.next('message'))['room_name'], name);
    const { seq } = (await sealed.must('/send_message', { room: name, message: 'second' })) as unknown as {
      seq: number;
    };
    const said = `{"type":"GroupMessageRecv","status":200,"sender":"${user}","chatname":"${name}","content":"second"}`;
    assert.equal(await chat.next(), said);
    await sealed.must('/edit_message', { room: name, seq, message: 'changed' });
    await chat.quiet();
    const { messages } = (await sealed.must('/list_messages', { room: name })) as unknown as {
      messages: unknown[];
    };
    assert.equal(messages.length, 2);
    assert.ok(guest);
    events.close();
    chat.close();
  });

  test('an account on chateau is online for the others, whichever way it came', async () => {
    const { chat, user, sealed } = await pair();
    const events = await EventReader.open(sealed);
    assert.ok((await chat.ask({ type: 'ClientListRequest' })).includes(`"${user}"`));
    events.close();
    chat.close();
  });

  test('an account is in one conversation on both doors', async () => {
    const { chat, guest, user, sealed } = await pair();
    const same = await ChateauClient.registered(url, user, passwordOf(user));
    const events = await EventReader.open(sealed);
    await same.ask({ type: 'GroupMessageRequest', recipient: guest, content: 'x' });
    assert.equal((await events.next('message'))['from'], user);
    await chat.next();
    events.close();
    chat.close();
    same.close();
  });

  const removals = ['kick', 'ban'] as const;
  for (const kind of removals) {
    test(`a ${kind} ends the connection, says why, and keeps out until it is lifted`, async () => {
      const { user } = await pair();
      const client = await ChateauClient.registered(url, user, passwordOf(user));
      const bystander = await pair();
      const until = kind === 'kick' ? Date.now() + 600_000 : null;
      const target = { username: user };
      await server.core.moderation.impose('console', { kind, target, reason: 'enough', until });
      const word = kind === 'kick' ? 'kicked' : 'banned';
      assert.deepEqual(await client.closed, { code: 1008, reason: `${word}: enough` });
      const again = await ChateauClient.open(url);
      const request = { type: 'RegisterRequest', username: user, password: passwordOf(user), auth: false };
      assert.equal(await again.ask(request), '{"type":"ErrorResponse","status":400}');
      await server.core.moderation.lift('console', { kind, target });
      assert.equal(await again.ask(request), '{"type":"RegisterResponse","status":200}');
      await bystander.chat.quiet();
      again.close();
      bystander.chat.close();
    });
  }

  test('a kill ends the connection, a guest too, and they may come back', async () => {
    const { guest, chat } = await pair();
    await server.core.moderation.kill('console', guest, 'é'.repeat(200));
    const { code, reason } = await chat.closed;
    assert.equal(code, 1008);
    assert.match(reason, /^killed: é+$/);
    assert.ok(Buffer.byteLength(reason) <= 123);
    for (let tries = 0; ; tries++) {
      const client = await ChateauClient.open(url);
      const answer = await client.ask({ type: 'RegisterRequest', username: guest, auth: false });
      client.close();
      if (answer.includes('RegisterResponse')) break;
      assert.ok(tries < 200, 'the name is free again');
    }
  });

  test('a ban of an address ends who is there, and refuses who comes from it', async () => {
    const { chat } = await pair();
    const far = await ChateauClient.registered(url, `far${++names}`, '', { address: '127.0.0.7' });
    const waiting = await ChateauClient.open(url, { address: '127.0.0.7' });
    const target = { range: '127.0.0.7' };
    await server.core.moderation.impose('console', { kind: 'ban', target, ...forGood });
    assert.deepEqual(await far.closed, { code: 1008, reason: 'banned: enough' });
    const request = { type: 'RegisterRequest', username: `far${++names}`, auth: false };
    assert.equal(await waiting.ask(request), '{"type":"ErrorResponse","status":400}');
    await assert.rejects(ChateauClient.open(url, { address: '127.0.0.7' }), /403/);
    await chat.quiet();
    await server.core.moderation.lift('console', { kind: 'ban', target });
    assert.match(await waiting.ask(request), /RegisterResponse/);
    waiting.close();
    chat.close();
  });
});

describe('the chateau gateway when the server stops', () => {
  test('everybody is told to go, and names of guests are free after it', async () => {
    const server = await startTestServer({ LISTEN_CHATEAU: 'ws://127.0.0.1:0/ws' });
    const url = server.gatewayUrls['chateau']!;
    const guest = await ChateauClient.registered(url, 'guest');
    const stranger = await ChateauClient.open(url);
    const stopped = server.stop();
    const goingAway = { code: 1001, reason: 'the server stops' };
    assert.deepEqual(await guest.closed, goingAway);
    assert.deepEqual(await stranger.closed, goingAway);
    await stopped;
    if (skipWithoutFiles === false) {
      const database = new SqliteDatabase(path.join(server.folder, 'data', 'letterlock.db'));
      const held = database.prepare(
        "SELECT count(*) FROM users WHERE role = 'guest' AND username_key IS NOT NULL",
      );
      assert.equal(held.pluck().get(), 0);
      database.close();
    }
    assert.doesNotMatch(server.log(), /could not be given back/);
    rmSync(server.folder, { recursive: true, force: true });
  });
});
