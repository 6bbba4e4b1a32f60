import assert from 'node:assert/strict';
import { type Socket, connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type TestServer, startTestServer } from '../../support/test-server.ts';
import { VwsClient, encrypt, goodPassword, post, publicKeyHex, registeredVws } from './vws-client.ts';

let server: TestServer;
let client: VwsClient;
before(async () => {
  server = await startTestServer({ VWS_COMPAT: 'on' });
  client = await registeredVws(server.url, 'victim');
});
after(() => server.end());

function socketTo(url: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, noDelay: true });
  socket.on('error', () => {});
  return socket;
}

function httpOf(path: string, body: string): string {
  return [
    `POST /vws${path} HTTP/1.1`,
    'Host: localhost',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** Reads answers off a connection that stays open, one after another. */
function answersOf(socket: Socket): () => Promise<{ status: number; text: string; headers: Headers }> {
  let text = '';
  let wake = (): void => {};
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    text += chunk;
    wake();
  });
  socket.on('close', () => wake());
  return async () => {
    for (;;) {
      const match = /^HTTP\/1\.1 (\d+)[\s\S]*?\r\ncontent-length: (\d+)[\s\S]*?\r\n\r\n/i.exec(text);
      const end = match === null ? Infinity : match[0].length + Number(match[2]);
      if (match !== null && text.length >= end) {
        const body = text.slice(match[0].length, end);
        text = text.slice(end);
        return { status: Number(match[1]), text: body, headers: new Headers() };
      }
      if (socket.destroyed)
        throw new Error(`the connection ended after ${JSON.stringify(text.slice(0, 200))}`);
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
}

function written(socket: Socket, part: string): Promise<void> {
  return new Promise((resolve) => socket.write(part, () => resolve()));
}

describe('a handshake that is not in order', () => {
  const cases: Readonly<Record<string, [unknown, number, string]>> = {
    'no JSON': ['hello', 400, 'payload_malformed'],
    nothing: ['', 400, 'payload_malformed'],
    'a list': [[], 400, 'payload_malformed'],
    'no key': [{}, 400, 'payload_malformed'],
    'a key that is no text': [{ public_key: { kty: 'RSA' } }, 400, 'payload_malformed'],
    'a member too many': [{ public_key: publicKeyHex(), enc: 'A256GCM' }, 400, 'payload_malformed'],
    'a member twice': [`{"public_key":"a","public_key":"b"}`, 400, 'payload_malformed'],
    'a key that is no hex': [{ public_key: 'nothing' }, 422, 'key_refused'],
    'a key that is none': [{ public_key: Buffer.from('no key').toString('hex') }, 422, 'key_refused'],
  };
  for (const [name, [body, status, code]] of Object.entries(cases)) {
    test(`gets a problem: ${name}`, async () => {
      const answer = await post(`${server.url}/vws/create_session_key`, body);
      assert.deepEqual([answer.status, (JSON.parse(answer.text) as { code: string }).code], [status, code]);
      assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    });
  }
});

describe('a request whose form is not in order', () => {
  const forms: Readonly<Record<string, (form: Record<string, string>) => unknown>> = {
    'no JSON': () => 'session_key=x',
    'half of it': (form) => JSON.stringify(form).slice(0, -1),
    'something after it': (form) => `${JSON.stringify(form)}x`,
    'a field missing': ({ session_key }) => ({ session_key }),
    'a field too many': (form) => ({ ...form, more: 'x' }),
    'a field that is no text': (form) => ({ ...form, message: 7 }),
    'an id that is no text': (form) => ({ ...form, session_key: [form['session_key']] }),
    'a member twice': (form) => JSON.stringify(form).replace('{', '{"message":"x",'),
    'a member twice, spelled differently': (form) =>
      JSON.stringify(form).replace('{', '{"m\\u0065ssage":"x",'),
    __proto__: (form) => JSON.stringify(form).replace('{', '{"__proto__":{},'),
    'a nesting bomb': () => '['.repeat(100_000),
    'an unpaired surrogate': (form) => JSON.stringify(form).replace('"message":"', '"message":"\\ud800'),
  };
  for (const [name, spoil] of Object.entries(forms)) {
    test(`gets payload_malformed, and its id stays good: ${name}`, async () => {
      const answer = await post(`${server.url}/vws/encrypt/victim`, spoil(client.form({ message: 'x' })));
      assert.equal(answer.status, 400, answer.text);
      assert.equal((JSON.parse(answer.text) as { code: string }).code, 'payload_malformed');
      await client.must('/encrypt/victim', { message: 'x' });
    });
  }

  test('gets too_large above 256 KiB, whatever its header says', async () => {
    const form = client.form({ message: 'x'.repeat(200 * 1024) });
    // What stands before several nodes reads HTTP in its own way: here it is one node's that is looked at.
    const { url } = server.nodes[0]!;
    assert.equal((await post(`${url}/vws/encrypt/victim`, form)).status, 413);
    const socket = socketTo(server.nodes[0]!.url);
    const closed = new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('close', () => resolve(text));
    });
    const head = 'POST /vws/decrypt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    await written(socket, head);
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    // 50 MiB without a line break, or as far as it gets.
    for (let at = 0; at < 800 && !socket.destroyed; at++) {
      await new Promise<void>((resolve) => socket.write(chunk, () => resolve()));
    }
    assert.match(await closed, /^HTTP\/1\.1 413 /);
    await client.must('/encrypt/victim', { message: 'x' });
  });

  test('gets encoding_unsupported when it is compressed', async () => {
    const body = gzipSync(JSON.stringify(client.form({ message: 'x' })));
    const response = await fetch(`${server.url}/vws/decrypt`, {
      method: 'POST',
      headers: { 'Content-Encoding': 'gzip' },
      body,
    });
    assert.equal(response.status, 415);
  });

  test('gets not_found or method_not_allowed elsewhere', async () => {
    for (const path of [
      '/vws',
      '/vws/',
      '/vws/nothing',
      '/vws/encrypt',
      '/vws/encrypt/a/b',
      '/VWS/decrypt',
    ]) {
      assert.equal((await post(`${server.url}${path}`, client.form({ message: 'x' }))).status, 404, path);
    }
    assert.equal((await post(`${server.url}/vws/encrypt/%ff`, client.form({ message: 'x' }))).status, 404);
    for (const path of ['/vws/decrypt', '/vws/encrypt/victim', '/vws/create_session_key']) {
      const response = await fetch(`${server.url}${path}`);
      assert.deepEqual([response.status, response.headers.get('allow')], [405, 'POST, OPTIONS'], path);
    }
    await client.must('/encrypt/victim', { message: 'x' });
  });
});

describe('a field that does not open', () => {
  const fields: Readonly<Record<string, (field: string) => string>> = {
    'not encrypted': () => 'hello',
    empty: () => '',
    'another key': () => encrypt('00'.repeat(32), 'hello'),
    'cut short': (field) => field.slice(0, 16),
    altered: (field) => `${field.startsWith('A') ? 'B' : 'A'}${field.slice(1)}`,
  };
  for (const [name, spoil] of Object.entries(fields)) {
    test(`uses the id up and gets the next pair: ${name}`, async () => {
      const form = client.form({ message: 'hello' });
      const spoilt = { ...form, message: spoil(form['message']!) };
      const answer = client.follow(await post(`${server.url}/vws/decrypt`, spoilt));
      assert.deepEqual([answer.status, answer.error], [201, 'Invalid request']);
      assert.equal((await post(`${server.url}/vws/decrypt`, form)).status, 404);
      await client.must('/encrypt/victim', { message: 'x' });
    });
  }

  test('of a login is answered before the password is looked at', async () => {
    const fresh = await VwsClient.open(server.url);
    for (let at = 0; at < 8; at++) {
      const form = { ...fresh.form({ email: 'victim@example.org' }), password: 'hello' };
      const answer = fresh.follow(await post(`${server.url}/vws/login_user`, form));
      assert.equal(answer.error, 'Invalid request');
    }
    await fresh.must('/login_user', { email: 'victim@example.org', password: goodPassword });
  });
});

describe('bytes on the wire', () => {
  test('make a request wherever they are split', async () => {
    const socket = socketTo(server.nodes[0]!.url);
    const next = answersOf(socket);
    const length = httpOf('/decrypt', JSON.stringify(client.form({ message: 'x' }))).length;
    for (let at = 1; at < length; at += 1) {
      const request = httpOf('/decrypt', JSON.stringify(client.form({ message: 'x' })));
      await written(socket, request.slice(0, at));
      await written(socket, request.slice(at));
      const answer = client.follow(await next());
      assert.deepEqual([answer.status, answer.error], [201, 'No authorization'], `split at ${at}`);
    }
    socket.destroy();
  });

  test('that make a hundred requests with one id serve one of them', async () => {
    const socket = socketTo(server.nodes[0]!.url);
    const next = answersOf(socket);
    const request = httpOf('/decrypt', JSON.stringify(client.form({ message: 'x' })));
    await written(socket, request.repeat(100));
    const answers = [];
    for (let at = 0; at < 100; at++) answers.push(await next());
    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, ...Array<number>(99).fill(404)],
    );
    client.follow(answers[0]!);
    socket.destroy();
  });

  test('that end early leave the id good', async () => {
    const request = httpOf('/decrypt', JSON.stringify(client.form({ message: 'x' })));
    for (let at = 1; at < request.length; at += 97) {
      const socket = socketTo(server.nodes[0]!.url).resume();
      await written(socket, request.slice(0, at));
      if (at % 2 === 0) socket.resetAndDestroy();
      else socket.end();
      await new Promise((resolve) => socket.once('close', resolve));
    }
    await client.must('/encrypt/victim', { message: 'x' });
  });

  test('that are TLS, or garbage, disturb nobody', async () => {
    const { hostname, port } = new URL(server.nodes[0]!.url);
    const tls = connectTls({ port: Number(port), host: hostname, rejectUnauthorized: false });
    await new Promise((resolve) => tls.once('error', resolve));
    const socket = socketTo(server.nodes[0]!.url).resume();
    await written(socket, '\x00\xff'.repeat(1_000));
    await new Promise((resolve) => socket.once('close', resolve));
    await client.must('/encrypt/victim', { message: 'x' });
  });
});
