import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { sealRequest } from '../../src/crypto/sealed-payload.ts';
import { SealedClient, clientKeys, registered } from '../support/sealed-client.ts';
import { type TestServer, startTestServer } from '../support/test-server.ts';

let server: TestServer;
let client: SealedClient;
before(async () => {
  server = await startTestServer();
  client = await registered(server.url, 'victim');
});
after(() => server.end());

interface Plain {
  readonly status: number;
  readonly type: string | null;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

async function fetchPlain(path: string, options: RequestInit = {}, url = server.url): Promise<Plain> {
  const response = await fetch(url + path, { method: 'POST', ...options });
  const text = await response.text();
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    headers: response.headers,
  };
}

async function refuses(code: string, status: number, path: string, body: string | Buffer): Promise<void> {
  const answer = await fetchPlain(path, { body: body as BodyInit });
  assert.deepEqual(
    [answer.body['code'], answer.status, answer.type],
    [code, status, 'application/problem+json'],
  );
}

/** Writes bytes to a node as they are; what came back before it closed. */
function raw(parts: readonly (string | Buffer)[], end = false): Promise<string> {
  const { hostname, port } = new URL(server.nodes[0]!.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
    for (const part of parts) socket.write(part);
    if (end) socket.end();
  });
}

describe('an envelope that is not in order', () => {
  const bodies: [string, string | Buffer][] = [
    ['nothing', ''],
    ['no JSON', 'hello'],
    ['half of one', '{"session_key":"abc"'],
    ['a list', '[]'],
    ['wrong types', '{"session_key":1,"payload":2}'],
    ['a member too many', '{"session_key":"a","payload":"b","more":1}'],
    ['a member twice', '{"session_key":"a","session_key":"a","payload":"b"}'],
    ['a member twice, spelled differently', '{"session_key":"a","payload":"b","p\\u0061yload":"c"}'],
    ['__proto__', '{"session_key":"a","payload":"b","__proto__":{}}'],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['a nesting bomb', '['.repeat(100_000)],
    ['a wide object', `{${Array.from({ length: 5000 }, (_, at) => `"k${at}":1`).join(',')}}`],
  ];
  for (const [name, body] of bodies) {
    test(`gets payload_malformed: ${name}`, () => refuses('payload_malformed', 400, '/me', body));
  }
});

describe('a token that is not in order', () => {
  const envelope = (payload: string): string => JSON.stringify({ session_key: client.sessionKey, payload });
  const header = (text: string): string => Buffer.from(text).toString('base64url');
  const withHeader = (text: string): string =>
    envelope(`${header(text)}..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA`);

  for (const token of [
    '',
    'a',
    'a.b.c.d',
    'a.b.c.d.e.f',
    'a..b.c.d',
    'AA==..AAAA.AAAA.AAAA',
    'A B..A.A.A',
    '....',
  ]) {
    test(`gets payload_malformed: ${JSON.stringify(token)}`, () =>
      refuses('payload_malformed', 400, '/me', envelope(token)));
  }
  test('gets payload_malformed when its header is no JSON object', async () => {
    await refuses('payload_malformed', 400, '/me', withHeader('[]'));
    await refuses('payload_malformed', 400, '/me', withHeader('{'));
  });

  const good = '"alg":"dir","enc":"A256GCM","seq":9,"htu":"/me"';
  const headers: Record<string, string> = {
    'a member that is not allowed': `{${good},"zip":"DEF"}`,
    crit: `{${good},"crit":["seq"]}`,
    'a member twice': `{${good},"seq":9}`,
    'another algorithm': good.replace('dir', 'RSA-OAEP-256').replace(/^/, '{') + '}',
    'no algorithm': `{${good.replace('"alg":"dir",', '')}}`,
    'an unknown encryption': `{${good.replace('A256GCM', 'A128GCM')}}`,
    'the other encryption': `{${good.replace('A256GCM', 'A256CBC-HS512')}}`,
    'seq 0': `{${good.replace('9', '0')}}`,
    'a negative seq': `{${good.replace('9', '-9')}}`,
    'a fraction': `{${good.replace('9', '9.0')}}`,
    'an exponent': `{${good.replace('9', '9e0')}}`,
    'a text': `{${good.replace('9', '"9"')}}`,
    'seq beyond 2^53': `{${good.replace('9', '9007199254740992')}}`,
    'no seq': `{${good.replace('"seq":9,', '')}}`,
    'another path': `{${good.replace('/me', '/logout')}}`,
    'a path that is no text': `{${good.replace('"/me"', '7')}}`,
    'a short idem': `{${good},"idem":"short"}`,
    'an idem with a space': `{${good},"idem":"0123456789 123456"}`,
  };
  for (const [name, text] of Object.entries(headers)) {
    test(`gets payload_rejected: ${name}`, () => refuses('payload_rejected', 401, '/me', withHeader(text)));
  }

  test('gets payload_rejected when any one character of it is another', async () => {
    const body = client.seal('/me', {});
    const { payload } = JSON.parse(body) as { payload: string };
    const firstDot = payload.indexOf('.');
    for (let at = firstDot + 2; at < payload.length; at += 7) {
      if (payload[at] === '.') continue;
      const altered = payload.slice(0, at) + (payload[at] === 'A' ? 'B' : 'A') + payload.slice(at + 1);
      const answer = await fetchPlain('/me', { body: envelope(altered) });
      assert.ok(['payload_rejected', 'payload_malformed'].includes(String(answer.body['code'])), `at ${at}`);
    }
    assert.equal((await client.send('/me', body)).status, 200, 'and none of it used up the number');
  });

  test('gets payload_rejected with a tag of four bytes', async () => {
    const { payload } = JSON.parse(client.seal('/me', {})) as { payload: string };
    const [head = '', , iv = '', ciphertext = '', tag = ''] = payload.split('.');
    const short = Buffer.from(tag, 'base64url').subarray(0, 4).toString('base64url');
    await refuses('payload_rejected', 401, '/me', envelope([head, '', iv, ciphertext, short].join('.')));
  });

  test('gets payload_rejected under another session, and session_unknown under none', async () => {
    const other = await SealedClient.open(server.url);
    const { payload } = JSON.parse(client.seal('/me', {})) as { payload: string };
    await refuses('payload_rejected', 401, '/me', JSON.stringify({ session_key: other.sessionKey, payload }));
    await refuses('session_unknown', 401, '/me', JSON.stringify({ session_key: 'nobody', payload }));
  });

  test('gets payload_rejected at another endpoint than it was sealed for', () =>
    refuses('payload_rejected', 401, '/logout', client.seal('/me', {})));

  test('a forged frame with a high number moves nothing', async () => {
    const seq = client.seq + 1;
    const forged = sealRequest('A256GCM', Buffer.alloc(32, 1), { seq: 2 ** 50, htu: '/me' }, '{}');
    await refuses('payload_rejected', 401, '/me', envelope(forged));
    client.seq = seq;
    assert.equal((await client.send('/me', client.seal('/me', {}, { seq }))).status, 200);
  });
});

describe('an authentic payload that is not in order', () => {
  for (const plaintext of [
    '',
    'x',
    '[]',
    'null',
    '"text"',
    '{"a":1,"a":2}',
    '{"__proto__":1}',
    '{"\\ud800":"x"}',
  ]) {
    test(`gets a sealed payload_malformed: ${plaintext}`, async () => {
      const answer = await client.send('/me', client.seal('/me', null, { plaintext }));
      assert.deepEqual([answer.sealed, answer.status, answer.body['code']], [true, 400, 'payload_malformed']);
    });
  }

  test('gets a sealed invalid_input, field by field', async () => {
    const answer = await client.refused('invalid_input', '/login_user', { email: 7, extra: true });
    assert.equal(answer.sealed, true);
    assert.deepEqual(Object.keys(answer.body['errors'] ?? {}).sort(), ['email', 'extra', 'password']);
  });

  test('names fields without repeating what could act somewhere', async () => {
    const answer = await client.refused('invalid_input', '/me', { '\u001b[31m<script>': 1 });
    assert.ok(!JSON.stringify(answer.body).includes('\\u001b'));
  });
});

describe('a body that is too much', () => {
  test('gets too_large by what its header claims, at once', async () => {
    const head = 'POST /me HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n';
    assert.match(await raw([head]), /^HTTP\/1\.1 413[\s\S]*too_large/);
  });

  test('gets too_large by the bytes that arrive, when they come in chunks', async () => {
    const chunk = `${(64 * 1024).toString(16)}\r\n${'a'.repeat(64 * 1024)}\r\n`;
    const head = 'POST /me HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    assert.match(
      await raw([head, ...Array<string>(8).fill(chunk), '0\r\n\r\n']),
      /^HTTP\/1\.1 413[\s\S]*too_large/,
    );
  });

  test('is not too large with exactly 256 KiB', async () => {
    const answer = await fetchPlain('/me', { body: ' '.repeat(256 * 1024) });
    assert.equal(answer.body['code'], 'payload_malformed');
    // Before several nodes another one closes while it is still being sent.
    const tooLarge = { body: ' '.repeat(256 * 1024 + 1) };
    const refused = await fetchPlain('/me', tooLarge, server.nodes[0]!.url);
    assert.equal(refused.body['code'], 'too_large');
  });

  test('gets encoding_unsupported when it is compressed', async () => {
    const answer = await fetchPlain('/me', {
      body: gzipSync('{}') as unknown as BodyInit,
      headers: { 'Content-Encoding': 'gzip' },
    });
    assert.deepEqual([answer.status, answer.body['code']], [415, 'encoding_unsupported']);
  });

  test('gets headers_too_large when its headers are', async () => {
    const answer = await raw([`GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(40_000)}\r\n\r\n`]);
    assert.match(answer, /^HTTP\/1\.1 431[\s\S]*headers_too_large/);
  });

  test('is refused in words when it is no HTTP at all', async () => {
    assert.match(
      await raw(['\x16\x03\x01\x02\x00\x01\x00 hello\r\n\r\n']),
      /^HTTP\/1\.1 400[\s\S]*payload_malformed/,
    );
  });

  test('ends nothing but itself when the peer goes away half-way', async () => {
    await raw(['POST /me HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc'], true);
    assert.equal((await client.call('/me')).status, 200);
    assert.ok(!server.log().includes('"level":"error"'), server.log());
  });
});

describe('a path or a method that is not served', () => {
  test('gets not_found', async () => {
    for (const path of ['/nothing', '/me/', '/encrypt', '/encrypt/a/b', '/%2e%2e/etc', '//me']) {
      assert.equal((await fetchPlain(path, { body: '{}' })).body['code'], 'not_found', path);
    }
  });

  test('gets method_not_allowed, with Allow', async () => {
    for (const [method, path, allow] of [
      ['GET', '/me', 'POST, OPTIONS'],
      ['DELETE', '/encrypt/alice', 'POST, OPTIONS'],
      ['PUT', '/create_session_key', 'POST, OPTIONS'],
      ['POST', '/healthz', 'GET, HEAD, OPTIONS'],
    ] as const) {
      const answer = await fetchPlain(path, { method });
      assert.deepEqual(
        [answer.status, answer.body['code'], answer.headers.get('allow')],
        [405, 'method_not_allowed', allow],
      );
    }
  });

  test('answers a browser that asks first', async () => {
    const answer = await fetchPlain('/me', { method: 'OPTIONS' });
    assert.deepEqual([answer.status, answer.headers.get('access-control-allow-origin')], [204, '*']);
  });

  test('takes a user from a path with any percent-encoding', async () => {
    const spelled: [string, number, string | undefined][] = [
      ['/encrypt/%76ictim', 200, undefined],
      ['/encrypt/VICTIM', 200, undefined],
      ['/encrypt/nobody', 404, 'user_unknown'],
      ['/encrypt/%00', 404, 'user_unknown'],
      ['/encrypt/a%2Fb', 404, 'user_unknown'],
      ['/encrypt/%F0%9F%98%80', 404, 'user_unknown'],
      [`/encrypt/${'a'.repeat(5000)}`, 404, 'user_unknown'],
      ['/encrypt/%', 404, 'not_found'],
      ['/encrypt/%ff', 404, 'not_found'],
    ];
    for (const [path, status, code] of spelled) {
      const answer = await client.call(path, { message: 'x' });
      assert.deepEqual([answer.status, answer.body['code']], [status, code], path);
    }
  });
});

describe('a handshake that is not in order', () => {
  const jwk = clientKeys().publicKey.export({ format: 'jwk' });
  const cases: [string, unknown, string][] = [
    ['no key', {}, 'invalid_input'],
    ['an unknown member', { public_key: jwk, more: 1 }, 'invalid_input'],
    ['an unknown encryption', { public_key: jwk, enc: 'A128GCM' }, 'invalid_input'],
    ['a key that is no key', { public_key: 'hello' }, 'key_refused'],
    [
      'a private key',
      { public_key: clientKeys().privateKey.export({ format: 'pem', type: 'pkcs8' }) },
      'key_refused',
    ],
    ['a private JWK', { public_key: clientKeys().privateKey.export({ format: 'jwk' }) }, 'key_refused'],
    ['exponent 1', { public_key: { ...jwk, e: 'AQ' } }, 'key_refused'],
  ];
  for (const [name, body, code] of cases) {
    test(`gets ${code}: ${name}`, async () => {
      const answer = await fetchPlain('/create_session_key', { body: JSON.stringify(body) });
      assert.deepEqual([answer.status, answer.body['code']], [422, code]);
    });
  }

  test('never puts a private key into the log', () => {
    const secret = clientKeys().privateKey.export({ format: 'jwk' }).d ?? '';
    assert.ok(!server.log().includes(secret.slice(0, 20)) && !server.log().includes('PRIVATE KEY'));
  });
});
