import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { passwordOf, registered } from '../../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../../support/test-server.ts';
import { ChateauClient, clientFrame } from './chateau-client.ts';

/** Written from the seed and GATEWAYS.md, byte for byte. */
const registeredText = '{"type":"RegisterResponse","status":200}';
const sentText = '{"type":"MessageSendResponse","status":200}';
const madeText = '{"type":"GroupMessageInitResponse","status":200}';
const error = (status: number) => `{"type":"ErrorResponse","status":${status}}`;

describe('conversations with chateau clients', () => {
  let server: TestServer;
  let url: string;
  let names = 0;
  const clients: ChateauClient[] = [];
  before(async () => {
    server = await startTestServer({ LISTEN_CHATEAU: 'ws://127.0.0.1:0/ws' });
    url = server.gatewayUrls['chateau']!;
  });
  after(async () => {
    for (const client of clients) client.close();
    await server.end();
  });

  const newName = (): string => `guest${++names}`;
  async function guest(name = newName()): Promise<{ name: string; client: ChateauClient }> {
    const client = await ChateauClient.registered(url, name);
    clients.push(client);
    return { name, client };
  }
  async function stranger(): Promise<ChateauClient> {
    const client = await ChateauClient.open(url);
    clients.push(client);
    return client;
  }

  test('a free name is taken as a guest, and taken it is until the guest is gone', async () => {
    const { name, client } = await guest();
    const other = await stranger();
    const request = { type: 'RegisterRequest', username: name.toUpperCase(), password: '', auth: false };
    assert.equal(await other.ask(request), error(302));
    client.close();
    await client.closed;
    for (let tries = 0; (await other.ask(request)) !== registeredText; tries++) assert.ok(tries < 500);
  });

  test('whoever has registered does not register again', async () => {
    const { client } = await guest();
    assert.equal(await client.ask({ type: 'RegisterRequest', username: newName(), auth: false }), error(302));
  });

  test("an account's name needs the account's password", async () => {
    await registered(server.url, 'ada');
    const client = await stranger();
    const request = { type: 'RegisterRequest', username: 'Ada', auth: false };
    assert.equal(await client.ask({ ...request, password: 'wrong' }), error(302));
    assert.equal(await client.ask({ ...request, password: '' }), error(302));
    assert.equal(await client.ask(request), error(302));
    assert.equal(await client.ask({ ...request, password: passwordOf('ada') }), registeredText);
    const second = await stranger();
    assert.equal(await second.ask({ ...request, password: passwordOf('ada') }), registeredText);
  });

  test('a name that nobody can have, and a directory that is not there, are generic failures', async () => {
    const client = await stranger();
    const request = { type: 'RegisterRequest', password: 'x' };
    assert.equal(await client.ask({ ...request, username: 'no spaces', auth: false }), error(400));
    assert.equal(await client.ask({ ...request, username: newName(), auth: true }), error(400));
    assert.equal(await client.ask({ ...request, username: newName(), auth: false }), registeredText);
  });

  test('who has not registered gets the number that the seed has for it', async () => {
    const client = await stranger();
    assert.equal(await client.ask({ type: 'ClientListRequest' }), error(301));
    assert.equal(await client.ask({ type: 'RandomMessageRequest', content: 'x' }), error(301));
    const group = { type: 'GroupMessageInitRequest', recipients: ['ada'], chatname: 'x' };
    assert.equal(await client.ask(group), error(301));
    assert.equal(
      await client.ask({ type: 'GroupMessageRequest', recipient: 'ada', content: 'x' }),
      error(400),
    );
  });

  test('a group chat: made, told of, spoken in', async () => {
    const [a, b, c] = [await guest(), await guest(), await guest()];
    const group = {
      type: 'GroupMessageInitRequest',
      recipients: [b.name, c.name, a.name, b.name],
      chatname: 'les amis',
    };
    assert.equal(await a.client.ask(group), madeText);
    const told = '{"type":"GroupMessageInitResponse","status":201,"chatname":"les amis"}';
    assert.equal(await b.client.next(), told);
    assert.equal(await c.client.next(), told);
    const first = `{"type":"GroupMessageRecv","status":201,"sender":"${b.name}","chatname":"les amis","content":"salut"}`;
    assert.equal(
      await b.client.ask({ type: 'GroupMessageRequest', recipient: 'Les Amis', content: 'salut' }),
      sentText,
    );
    assert.equal(await a.client.next(), first);
    assert.equal(await c.client.next(), first);
    const second = `{"type":"GroupMessageRecv","status":200,"sender":"${a.name}","chatname":"les amis","content":"\\"é\\""}`;
    assert.equal(
      await a.client.ask({ type: 'GroupMessageRequest', recipient: 'les amis', content: '"é"' }),
      sentText,
    );
    assert.equal(await b.client.next(), second);
    assert.equal(await c.client.next(), second);
    for (const { client } of [a, b, c]) await client.quiet();
    assert.equal(await b.client.ask({ ...group, recipients: [a.name] }), error(301));
    const outsider = await guest();
    const intrusion = { type: 'GroupMessageRequest', recipient: 'les amis', content: 'x' };
    assert.equal(await outsider.client.ask(intrusion), error(400));
  });

  test('a group chat may begin with a message', async () => {
    const [a, b] = [await guest(), await guest()];
    const group = { type: 'GroupMessageInitRequest', recipients: [b.name], chatname: 'now', content: 'hi' };
    assert.equal(await a.client.ask(group), madeText);
    assert.equal(await b.client.next(), '{"type":"GroupMessageInitResponse","status":201,"chatname":"now"}');
    const text = `{"type":"GroupMessageRecv","status":201,"sender":"${a.name}","chatname":"now","content":"hi"}`;
    assert.equal(await b.client.next(), text);
    await a.client.quiet();
  });

  test('a group is not made where something is wrong with it, and its name stays free', async () => {
    const [a, b] = [await guest(), await guest()];
    await registered(server.url, 'absent');
    const group = { type: 'GroupMessageInitRequest', chatname: 'later' };
    for (const recipients of [['absent'], ['nobody'], ['no body'], [b.name, 'absent']]) {
      assert.equal(await a.client.ask({ ...group, recipients }), error(404));
    }
    assert.equal(await a.client.ask({ ...group, recipients: [a.name] }), error(400));
    const many = Array.from({ length: 101 }, () => b.name);
    assert.equal(await a.client.ask({ ...group, recipients: many }), error(400));
    assert.equal(await a.client.ask({ ...group, recipients: [b.name], content: '\ud800' }), error(400));
    assert.equal(await a.client.ask({ ...group, recipients: [b.name], chatname: '' }), error(400));
    assert.equal(await a.client.ask({ ...group, recipients: [b.name], chatname: 'absent' }), error(301));
    assert.equal(await a.client.ask({ ...group, recipients: [b.name], chatname: 'Général' }), error(301));
    await b.client.quiet();
    assert.equal(await a.client.ask({ ...group, recipients: [b.name] }), madeText);
  });

  test('a name that somebody takes later does not get what is said in the chat of that name', async () => {
    const [a, b] = [await guest(), await guest()];
    const group = { type: 'GroupMessageInitRequest', recipients: [b.name], chatname: 'team' };
    assert.equal(await a.client.ask(group), madeText);
    await b.client.next();
    const thief = await guest('team');
    assert.equal(
      await a.client.ask({ type: 'GroupMessageRequest', recipient: 'team', content: 'x' }),
      sentText,
    );
    assert.match(await b.client.next(), /"content":"x"/);
    await thief.client.quiet();
  });

  test('a message to one user', async () => {
    const [a, b] = [await guest(), await guest()];
    const to = (recipient: string, content: string) => ({ type: 'GroupMessageRequest', recipient, content });
    assert.equal(await a.client.ask(to(b.name, 'you?')), sentText);
    const recv = (status: number, sender: string, content: string) =>
      `{"type":"GroupMessageRecv","status":${status},"sender":"${sender}","chatname":"${sender}","content":"${content}"}`;
    assert.equal(await b.client.next(), recv(201, a.name, 'you?'));
    assert.equal(await b.client.ask(to(a.name, 'me')), sentText);
    assert.equal(await a.client.next(), recv(200, b.name, 'me'));
    for (const wrong of ['nobody', a.name, 'x'.repeat(1000), '', '\0', 'Marketing']) {
      assert.equal(await a.client.ask(to(wrong, 'x')), error(400));
    }
    assert.equal(await a.client.ask(to(b.name, '')), error(400));
    await a.client.quiet();
    await b.client.quiet();
  });

  test('what a user says elsewhere reaches their other connections, and the one that spoke only its answer', async () => {
    await registered(server.url, 'grace');
    const first = await ChateauClient.registered(url, 'grace', passwordOf('grace'));
    const second = await ChateauClient.registered(url, 'grace', passwordOf('grace'));
    clients.push(first, second);
    const { name, client } = await guest();
    assert.equal(await first.ask({ type: 'GroupMessageRequest', recipient: name, content: 'x' }), sentText);
    const own = `{"type":"GroupMessageRecv","status":201,"sender":"grace","chatname":"${name}","content":"x"}`;
    assert.equal(await second.next(), own);
    await first.quiet();
    assert.match(await client.next(), /"content":"x"/);
    const group = { type: 'GroupMessageInitRequest', recipients: [name], chatname: 'grace and guest' };
    assert.equal(await first.ask(group), madeText);
    assert.equal(
      await second.next(),
      '{"type":"GroupMessageInitResponse","status":201,"chatname":"grace and guest"}',
    );
    await first.quiet();
  });

  test('who is online is listed', async () => {
    const [a, b] = [await guest('aaa1'), await guest('aaa2')];
    const list = JSON.parse(await a.client.ask({ type: 'ClientListRequest' })) as { clients: string[] };
    assert.deepEqual(Object.keys(list), ['type', 'status', 'clients']);
    assert.deepEqual(
      list.clients.filter((name) => name.startsWith('aaa')),
      ['aaa1', 'aaa2'],
    );
    assert.deepEqual(list.clients, [...new Set(list.clients)]);
    b.client.close();
    await b.client.closed;
    for (let tries = 0; ; tries++) {
      assert.ok(tries < 500);
      if (!(await a.client.ask({ type: 'ClientListRequest' })).includes('aaa2')) break;
    }
  });

  test('keep alive is heard and not answered; anything else is answered, and the connection lives on', async () => {
    const client = await stranger();
    client.sendText('keep alive');
    for (const text of ['hello', '{"type":', '{"type":"SingleMessageRequest"}', 'keep alive!', '']) {
      assert.equal(await client.ask(text), error(400));
    }
    client.socket.write(clientFrame(Buffer.from('{"type":"ClientListRequest"}'), 0x2));
    assert.equal(await client.next(), error(400));
    assert.equal(await client.ask({ type: 'RegisterRequest', username: newName() }), registeredText);
  });

  test('a conversation is the same whatever pieces it arrives in', async () => {
    const b = await guest();
    const conversation = (name: string) =>
      Buffer.concat(
        [
          { type: 'RegisterRequest', username: name, password: '', auth: false },
          { type: 'GroupMessageRequest', recipient: b.name, content: `from ${name}` },
          { type: 'unknown' },
        ].map((message) => clientFrame(Buffer.from(JSON.stringify(message)))),
      );
    const { length } = conversation(newName());
    for (let cut = 1; cut < length; cut++) {
      const name = newName();
      const bytes = conversation(name);
      const client = await stranger();
      client.socket.setNoDelay(true);
      client.socket.write(bytes.subarray(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      client.socket.write(bytes.subarray(cut));
      assert.deepEqual(
        [await client.next(), await client.next(), await client.next()],
        [registeredText, sentText, error(400)],
      );
      assert.match(await b.client.next(), new RegExp(`"sender":"${name}"`));
      client.close();
    }
    const whole = await stranger();
    const name = newName();
    for (const byte of conversation(name)) whole.socket.write(Buffer.from([byte]));
    assert.deepEqual(
      [await whole.next(), await whole.next(), await whole.next()],
      [registeredText, sentText, error(400)],
    );
  });

  test('a hundred requests in one segment are answered in order', async () => {
    const { name, client } = await guest();
    const other = await guest();
    const frames: Buffer[] = [];
    for (let at = 0; at < 100; at++) {
      const message = { type: 'GroupMessageRequest', recipient: name, content: String(at) };
      frames.push(clientFrame(Buffer.from(at % 10 === 9 ? 'nonsense' : JSON.stringify(message))));
    }
    other.client.socket.write(Buffer.concat(frames));
    for (let at = 0; at < 100; at++) {
      assert.equal(await other.client.next(), at % 10 === 9 ? error(400) : sentText);
      if (at % 10 !== 9) assert.match(await client.next(), new RegExp(`"content":"${at}"`));
    }
  });
});

describe('random messages', () => {
  test('one of the others is chosen, and told so; alone there is nobody', async () => {
    const server = await startTestServer({ LISTEN_CHATEAU: 'ws://127.0.0.1:0/ws' });
    try {
      const url = server.gatewayUrls['chateau']!;
      const alone = await ChateauClient.registered(url, 'alone');
      const request = { type: 'RandomMessageRequest', content: 'anybody?' };
      assert.equal(await alone.ask(request), error(404));
      const other = await ChateauClient.registered(url, 'other');
      const answer = '{"type":"RandomMessageResponse","status":200,"client":"other"}';
      const told =
        '{"type":"MessageRecv","status":200,"sender":"alone","chatname":"alone","content":"anybody?"}';
      assert.equal(await alone.ask(request), answer);
      // A node that finds the message in the store does not know any more how it was addressed.
      const found = told.replace('"MessageRecv","status":200', '"GroupMessageRecv","status":201');
      assert.ok((server.nodes.length > 1 ? [told, found] : [told]).includes(await other.next()));
      assert.equal(await alone.ask({ ...request, content: '' }), error(400));
      await alone.quiet();
      alone.close();
      other.close();
    } finally {
      await server.end();
    }
  });
});

describe('without guests', () => {
  test('a free name gets the answer that a taken one gets', async () => {
    const server = await startTestServer({ LISTEN_CHATEAU: 'ws://127.0.0.1:0/ws', GUESTS: 'off' });
    try {
      await registered(server.url, 'ada');
      const client = await ChateauClient.open(server.gatewayUrls['chateau']!);
      for (const username of ['ada', 'free']) {
        assert.equal(
          await client.ask({ type: 'RegisterRequest', username, password: 'x', auth: false }),
          error(302),
        );
      }
      const request = { type: 'RegisterRequest', username: 'ada', password: passwordOf('ada'), auth: false };
      assert.equal(await client.ask(request), registeredText);
      client.close();
    } finally {
      await server.end();
    }
  });
});
