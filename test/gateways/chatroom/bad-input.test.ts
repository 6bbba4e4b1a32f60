import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { after, before, describe, test } from 'node:test';
import { connectionCount, isConnectedBy } from '../../support/across-nodes.ts';
import { skipWithSeveralNodes } from '../../support/node-count.ts';
import { type TestServer, startTestServer, until } from '../../support/test-server.ts';
import { guest, startChatroomServer } from './people.ts';
import { RawClient } from './raw-client.ts';

const request = '{"user":"Una","type":"message","message":"so {\\"}\\u007d"}';

/** What cannot be followed. */
const broken: Readonly<Record<string, string | Buffer>> = {
  garbage: Buffer.from('00ff17deadbeef', 'hex'),
  'the beginning of TLS': Buffer.from('16030100c8010000c40303', 'hex'),
  HTTP: 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'a list': '[{"user":"Una","type":"guest"}]',
  'bytes that are no UTF-8': Buffer.from('7b2261223a22ff227d', 'hex'),
  'JSON with a comma too much': '{"user":"Una","type":"guest",}',
  'a nest of lists': `{"a":${'['.repeat(100_000)}`,
  'a nest of objects': '{"a":'.repeat(20),
  'an object over the limit': `{"user":"Una","type":"message","message":"${'x'.repeat(64 * 1024)}"}`,
  'a member that is no name': '{"__proto__":{"user":"Una"},"type":"guest"}',
};

/** A front's own buffers hold megabytes of answers before a node notices that nobody reads. */
const skipUnread = skipWithSeveralNodes('what one listener holds for who never reads');

describe('bad input', () => {
  let server: TestServer;
  let url: string;
  let witness: RawClient;
  before(async () => {
    ({ server, url } = await startChatroomServer());
    witness = await guest(url, 'Witness');
  });
  after(() => server.end());

  /** Whether others are served as before. */
  async function isUndisturbed(): Promise<void> {
    witness.send({ user: 'Witness', type: 'message', message: 'well' });
    let line = '';
    while (!line.includes('well')) line = await witness.line();
  }

  async function isFree(key: string): Promise<void> {
    await until(
      async () => ((await server.store.read.users.byUsernameKey(key)) === null ? true : undefined),
      key,
    );
  }

  for (const [name, bytes] of Object.entries(broken)) {
    test(`${name}: the stream is closed, before the login and after it`, async () => {
      const anonymous = await RawClient.open(url);
      anonymous.socket.write(bytes);
      await anonymous.endsWith();
      const member = await guest(url, 'Una');
      member.socket.write(bytes);
      await member.endsWith();
      await isFree('una');
      await isUndisturbed();
    });
  }

  test('a stream that breaks off anywhere leaves nothing behind', async () => {
    for (let at = 0; at < request.length; at++) {
      const client = await RawClient.open(url);
      client.send(`{"user":"Una${at}","type":"guest"}`, request.slice(0, at));
      if (at % 2 === 0) client.socket.resetAndDestroy();
      else client.socket.end();
      await client.closed;
    }
    await until(async () => (connectionCount(server) === 1 ? true : undefined), 'an end of all');
    for (let at = 0; at < request.length; at++) await isFree(`una${at}`);
    await isUndisturbed();
  });

  test('what is unknown, or has fields of another kind, is ignored', async () => {
    const client = await guest(url, 'Ute');
    client.send('{}', '{"type":1}', '{"user":"Ute","type":"shout","message":"x"}');
    client.send('{"user":"Ute","type":"message"}', '{"user":"Ute","type":"message","message":{"a":"b"}}');
    client.send('{"user":"Ute","type":"message","message":""}');
    client.send(String.raw`{"user":"Ute","type":"message","message":"\ud800"}`);
    client.send({ user: 'Ute', type: 'typing', status: 'perhaps' });
    client.send(String.raw`{"user":"x","type":"message","message":"the last one counts","user":"\u0055te"}`);
    await client.gets('{"type":"message","from":"Ute","message":"the last one counts"}');
    await client.close();
  });

  test('50 MiB without an end are not held', async () => {
    const client = await RawClient.open(url);
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    const before = process.memoryUsage();
    client.socket.write('{"a":"');
    for (let at = 0; at < 50 && !client.socket.destroyed; at++) {
      if (!client.socket.write(chunk)) {
        await Promise.race([once(client.socket, 'drain').catch(() => null), client.closed]);
      }
    }
    await client.closed;
    const grown = process.memoryUsage().external - before.external;
    assert.ok(grown < 20 * 1024 * 1024, `${grown} bytes are held`);
    await isUndisturbed();
  });

  test('one that never reads is dropped, and the others hear everything', async () => {
    const deaf = await guest(url, 'Deaf');
    const { id } = (await server.store.read.users.byUsernameKey('deaf'))!;
    deaf.socket.pause();
    const text = 'x'.repeat(60_000);
    let sent = 0;
    while (isConnectedBy(server, id, 'chatroom')) {
      witness.send({ user: 'Witness', type: 'message', message: text });
      let line = '';
      while (!line.includes(text)) line = await witness.line();
      assert.ok(++sent < 2_000, 'it is never dropped');
    }
    deaf.socket.resume();
    await deaf.closed;
    await isUndisturbed();
  });

  test('who asks much and never reads the answers is dropped', { skip: skipUnread }, async () => {
    const client = await RawClient.open(url);
    client.socket.pause();
    const asks = Buffer.from('{"user":"a","type":"salt"}'.repeat(2_000));
    for (let at = 0; at < 2_000 && !client.socket.destroyed; at++) {
      if (client.socket.write(asks)) continue;
      const isDrained = await Promise.race([
        once(client.socket, 'drain').then(
          () => true,
          () => false,
        ),
        client.closed.then(() => false),
      ]);
      if (!isDrained) break;
    }
    client.socket.resume();
    await client.closed;
    await isUndisturbed();
  });

  test('an object just below the limit is served', async () => {
    const client = await guest(url, 'Urs');
    const message = 'x'.repeat(64 * 1024 - 60);
    client.send({ user: 'Urs', type: 'message', message });
    await client.gets(`{"type":"message","from":"Urs","message":"${message}"}`);
    await client.close();
  });

  test('nothing that was typed is in the log', () => {
    const lines = server
      .log()
      .split('\n')
      .filter((line) => /"level":"(?:error|warn)"/.test(line) && !line.includes('LIMITS=off'));
    assert.deepEqual(lines, []);
    assert.doesNotMatch(server.log(), /perhaps|the last one counts/);
  });
});

describe('over TLS', () => {
  test('clients come in, and plain bytes do not', async () => {
    const server = await startTestServer({ LISTEN_CHATROOM: 'tls://127.0.0.1:0' });
    try {
      const url = server.gatewayUrls['chatroom']!;
      const client = await guest(url, 'Uli');
      client.send({ user: 'Uli', type: 'message', message: 'safe' });
      await client.gets('{"type":"message","from":"Uli","message":"safe"}');
      const port = Number(new URL(url).port);
      const plain = connect(port, '127.0.0.1');
      plain.on('error', () => {});
      plain.resume();
      plain.write('{"user":"x","type":"guest"}');
      await once(plain, 'close');
      client.send({ user: 'Uli', type: 'message', message: 'still' });
      await client.gets('{"type":"message","from":"Uli","message":"still"}');
      const stopped = server.stop();
      await client.endsWith('{"type":"shutdown"}');
      await stopped;
    } finally {
      await server.end();
    }
  });

  test('a TLS client at a plain port is closed', async () => {
    const { server, url } = await startChatroomServer();
    try {
      const socket = connectTls({ port: Number(new URL(url).port), host: '127.0.0.1' });
      const [error] = (await once(socket, 'error')) as [Error];
      assert.ok(error);
    } finally {
      await server.end();
    }
  });
});
