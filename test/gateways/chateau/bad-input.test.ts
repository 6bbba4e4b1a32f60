import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { type TestServer, startTestServer } from '../../support/test-server.ts';
import { ChateauClient, clientFrame, connected, upgradeRequest } from './chateau-client.ts';

const error400 = '{"type":"ErrorResponse","status":400}';

/** Everything that comes until the connection is gone. */
async function rest(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

describe('bad input to the chateau gateway', () => {
  let server: TestServer;
  let url: string;
  let bystander: ChateauClient;
  before(async () => {
    server = await startTestServer({ LISTEN_CHATEAU: 'ws://127.0.0.1:0/ws' });
    url = server.gatewayUrls['chateau']!;
    bystander = await ChateauClient.registered(url, 'bystander');
  });
  after(async () => {
    // Whatever was done, those who did nothing are still there.
    await bystander.quiet();
    bystander.close();
    assert.doesNotMatch(server.log(), /"level":"error"/);
    await server.end();
  });

  /** The states a connection can be in. */
  const states: Record<string, () => Promise<ChateauClient>> = {
    'before it has registered': () => ChateauClient.open(url),
    'after it has registered': () => ChateauClient.registered(url, `g${Math.random().toString(36).slice(2)}`),
  };

  for (const [state, open] of Object.entries(states)) {
    const closing: [string, Buffer, number][] = [
      ['a message over 64 KiB', clientFrame(Buffer.alloc(64 * 1024 + 1, 0x20)), 1009],
      [
        'a message over 64 KiB in pieces',
        Buffer.concat([
          clientFrame(Buffer.alloc(40 * 1024, 0x20), 0x1, false),
          clientFrame(Buffer.alloc(40 * 1024, 0x20), 0x0),
        ]),
        1009,
      ],
      ['a length that lies about 2^62 bytes', Buffer.from('81ff4000000000000000', 'hex'), 1009],
      ['a length that no number holds', Buffer.from('81ffffffffffffffffff', 'hex'), 1009],
      ['a frame that is not masked', Buffer.from('810568656c6c6f', 'hex'), 1002],
      ['a compressed frame', Buffer.from('c18500000000000000000000', 'hex'), 1002],
      ['an opcode that there is not', Buffer.from('838000000000', 'hex'), 1002],
      ['a continuation of nothing', Buffer.from('808000000000', 'hex'), 1002],
      ['a ping in pieces', Buffer.from('098000000000', 'hex'), 1002],
      ['text that is no UTF-8', clientFrame(Buffer.from([0x22, 0xff, 0x22])), 1007],
      ['garbage', Buffer.from(`\x16\x03\x01\x02\x00${'garbage'.repeat(20)}`), 1002],
    ];
    for (const [what, bytes, code] of closing) {
      test(`${what} is answered and ends the connection, ${state}`, async () => {
        const client = await open();
        client.socket.write(bytes);
        assert.equal(await client.next(), error400);
        assert.equal((await client.closed).code, code);
      });
    }

    test(`a frame cut at every byte leaves nobody waiting, ${state}`, async () => {
      const frame = clientFrame(Buffer.from('{"type":"ClientListRequest"}'));
      for (let cut = 0; cut < frame.length; cut += 3) {
        const client = await open();
        client.socket.end(frame.subarray(0, cut));
        await client.closed;
      }
    });

    test(`a reset in the middle of things is taken, ${state}`, async () => {
      const client = await open();
      for (let at = 0; at < 50; at++)
        client.send({ type: 'RegisterRequest', username: `r${at}`, auth: false });
      client.socket.resetAndDestroy();
      await client.closed;
    });

    test(`nesting, duplicates and escapes do no harm, ${state}`, async () => {
      const client = await open();
      const deep = `{"type":"ClientListRequest","a":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`;
      assert.equal(await client.ask(deep), error400);
      assert.equal(await client.ask('{"type":"x","type":"RandomMessageRequest"}'), error400);
      const name = { type: 'RegisterRequest', username: 'a\u001b[31m\n{"level":"error"}\u202e', auth: false };
      assert.match(await client.ask(name), /"status":(400|302)/);
      client.close();
    });
  }

  test('a close is answered with a close', async () => {
    const client = await ChateauClient.open(url);
    client.close();
    assert.equal((await client.closed).code, 1000);
  });

  test('a ping is answered', async () => {
    const client = await ChateauClient.open(url);
    client.socket.removeAllListeners('data');
    client.socket.write(clientFrame(Buffer.from('are you there'), 0x9));
    const [pong] = (await once(client.socket, 'data')) as [Buffer];
    assert.equal(pong.toString('latin1'), '\x8a\x0dare you there');
    client.socket.destroy();
  });

  test('50 MiB in one frame are not waited for', async () => {
    const client = await ChateauClient.open(url);
    const header = Buffer.from('81ff000000000320000000000000', 'hex');
    client.socket.write(header);
    const mebibyte = Buffer.alloc(1024 * 1024, 0x61);
    for (let at = 0; at < 50; at++) client.socket.write(mebibyte);
    assert.equal((await client.closed).code, 1009);
  });

  test('what is no request is answered with 400, and 50 MiB of it are not kept', async () => {
    const socket = await connected(url);
    socket.write('\x00\x01garbage\r\n\r\n');
    assert.match(await rest(socket), /^HTTP\/1\.1 400 /);
    const other = await connected(url);
    const mebibyte = Buffer.alloc(1024 * 1024, 0x61);
    other.write('GET /');
    for (let at = 0; at < 50; at++) other.write(mebibyte);
    assert.match(await rest(other), /^(HTTP\/1\.1 431 |$)/);
  });

  test('TLS to the plain port ends', async () => {
    const { hostname, port } = new URL(url);
    const socket = connectTls({ host: hostname, port: Number(port), rejectUnauthorized: false });
    await assert.rejects(once(socket, 'secureConnect'));
  });

  test('an upgrade cut at every byte leaves nothing behind', async () => {
    const request = upgradeRequest(url);
    for (let cut = 0; cut < request.length; cut += 5) {
      const socket = await connected(url);
      socket.end(request.slice(0, cut));
      await rest(socket);
    }
  });

  const refusedUpgrades: [string, (request: string) => string, RegExp][] = [
    ['on another path', (request) => request.replace('/ws', '/other'), /^HTTP\/1\.1 404 /],
    ['of another version', (request) => request.replace('Version: 13', 'Version: 7'), /^HTTP\/1\.1 4\d\d /],
    [
      'to something else',
      (request) => request.replace('Upgrade: websocket', 'Upgrade: h2c'),
      /^HTTP\/1\.1 4\d\d /,
    ],
    ['without a key', (request) => request.replace(/Sec-WebSocket-Key.*\r\n/, ''), /^HTTP\/1\.1 400 /],
    ['by POST', (request) => request.replace('GET', 'POST'), /^HTTP\/1\.1 4\d\d /],
  ];
  for (const [what, change, answer] of refusedUpgrades) {
    test(`an upgrade ${what} is refused`, async () => {
      const socket = await connected(url);
      socket.write(change(upgradeRequest(url)));
      assert.match(await rest(socket), answer);
    });
  }

  test('requests together with the upgrade are served', async () => {
    const socket = await connected(url);
    socket.write(Buffer.concat([Buffer.from(upgradeRequest(url)), clientFrame(Buffer.from('x'))]));
    let text = '';
    for await (const bytes of socket) {
      text += (bytes as Buffer).toString('latin1');
      if (text.includes(error400)) break;
    }
  });

  test('a browser sees a page that says what is here, and nothing else', async () => {
    const base = url.replace('ws:', 'http:').replace('/ws', '');
    const page = await fetch(`${base}/`);
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.match(await page.text(), /<code>\/ws<\/code>/);
    assert.equal(await (await fetch(`${base}/`, { method: 'HEAD' })).text(), '');
    assert.equal((await fetch(`${base}/?x`)).status, 200);
    assert.equal((await fetch(`${base}/`, { method: 'POST', body: 'x' })).status, 405);
    assert.equal((await fetch(`${base}/ws`)).status, 426);
    for (const other of ['/ws/', '/favicon.ico', '/%2e%2e/etc/passwd']) {
      assert.equal((await fetch(base + other)).status, 404);
    }
  });
});

describe('the chateau gateway over TLS', () => {
  test('serves wss:// with the certificate, and drops who speaks in the clear', async () => {
    const server = await startTestServer({ LISTEN_CHATEAU: 'wss://127.0.0.1:0/chat' });
    try {
      const url = server.gatewayUrls['chateau']!;
      assert.match(url, /^wss:\/\/127\.0\.0\.1:\d+\/chat$/);
      const ca = readFileSync(path.join(server.folder, 'keys', 'tls.crt'), 'utf8');
      const client = await ChateauClient.open(url.replace('127.0.0.1', 'localhost'), { ca });
      assert.equal(await client.ask('x'), error400);
      const plain = await connected(url.replace('wss:', 'ws:'));
      plain.write(upgradeRequest(url));
      assert.doesNotMatch(await rest(plain), /HTTP/);
      await client.quiet();
      client.close();
    } finally {
      await server.end();
    }
  });
});
