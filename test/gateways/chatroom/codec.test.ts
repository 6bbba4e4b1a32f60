import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ChatroomReader } from '../../../src/gateways/chatroom/codec.ts';
import { isOutdated } from '../../../src/gateways/chatroom/version.ts';
import { rounds } from '../../support/long.ts';

const lost = { kind: 'lost' };

function read(...pieces: readonly (string | Buffer)[]): unknown[] {
  const reader = new ChatroomReader();
  return pieces.flatMap((piece) => reader.consume(Buffer.from(piece)));
}

function object(request: object | null, version: string | null = null): object {
  return { kind: 'object', request, version };
}

/** Each message of the seed as it stands there, and what it comes to. */
const seed: readonly (readonly [string, object])[] = [
  [
    '{"user":"USERNAME", "type":"message", "message":"MESSAGE GOES HERE"}',
    { type: 'message', user: 'USERNAME', message: 'MESSAGE GOES HERE' },
  ],
  [
    '{"user":"USERNAME", "type":"userlist", "onlinetype":"true"}',
    { type: 'userlist', user: 'USERNAME', online: true },
  ],
  [
    '{"user":"USERNAME", "type":"userlist", "onlinetype":"False"}',
    { type: 'userlist', user: 'USERNAME', online: false },
  ],
  ['{"user":"USERNAME", "type":"guest"}', { type: 'guest', user: 'USERNAME' }],
  ['{"user":"USERNAME", "type":"salt"}', { type: 'salt', user: 'USERNAME' }],
  [
    '{"user":"USERNAME", "type":"login", "password":"PASSWORD"}',
    { type: 'login', user: 'USERNAME', password: 'PASSWORD' },
  ],
  ['{"user":"USERNAME", "type":"register"}', { type: 'register', user: 'USERNAME' }],
  ['{"user":"USERNAME", "type":"disconnect"}', { type: 'disconnect', user: 'USERNAME' }],
  [
    '{"user":"USERNAME", "type":"typing", "status":"true"}',
    { type: 'typing', user: 'USERNAME', typing: true },
  ],
  [
    '{"user":"USERNAME", "type":"typing", "status":false}',
    { type: 'typing', user: 'USERNAME', typing: false },
  ],
];

describe('the codec of chatroom', () => {
  test('reads each message of the seed, one after another, with and without something between', () => {
    const expected = seed.map(([, request]) => object(request));
    const texts = seed.map(([text]) => text);
    for (const separator of ['', '\n', '\r\n', ' ', '\0']) {
      assert.deepEqual(read(texts.join(separator)), expected);
    }
  });

  test('reads the same wherever the bytes are cut', () => {
    const bytes = Buffer.from(seed.map(([text]) => text.replace('GOES', 'élan 😀')).join(''));
    const whole = read(bytes);
    assert.equal(whole.length, seed.length);
    for (let at = 0; at <= bytes.length; at++) {
      assert.deepEqual(read(bytes.subarray(0, at), bytes.subarray(at)), whole);
    }
    const reader = new ChatroomReader();
    assert.deepEqual(
      [...bytes].flatMap((byte) => reader.consume(Buffer.of(byte))),
      whole,
    );
  });

  test('takes no notice of what is unknown or has other kinds of fields', () => {
    for (const text of [
      '{}',
      '{"type":"message"}',
      '{"user":"a","type":"shout"}',
      '{"user":"a","type":"toString"}',
      '{"user":"a","type":["message"],"message":"x"}',
      '{"user":7,"type":"guest"}',
      '{"user":"a","type":"login","password":{"a":[]}}',
      '{"user":"a","type":"message","message":null}',
      '{"user":"a","type":"userlist"}',
      '{"user":"a","type":"userlist","onlinetype":"yes"}',
      '{"user":"a","type":"typing","status":1}',
    ]) {
      assert.deepEqual(read(text), [object(null)], text);
    }
  });

  test('the last of two members of one name counts, as with Python', () => {
    assert.deepEqual(read('{"user":"a","type":"guest","user":"b"}'), [object({ type: 'guest', user: 'b' })]);
  });

  test('names with escapes are the names they stand for', () => {
    assert.deepEqual(read(String.raw`{"user":"\u0061\n\"}{","type":"guest"}`), [
      object({ type: 'guest', user: 'a\n"}{' }),
    ]);
  });

  test('a client may say its version with anything', () => {
    assert.deepEqual(read('{"user":"a","type":"guest","version":"0.2.0"}{"version":0.1}{"version":[]}'), [
      object({ type: 'guest', user: 'a' }, '0.2.0'),
      object(null, '0.1'),
      object(null),
    ]);
  });

  test('what is no JSON ends the reading, after what came before', () => {
    for (const broken of [
      'GET / HTTP/1.1\r\n\r\n',
      Buffer.from('16030100c8010000c40303', 'hex'),
      '[]',
      '"text"',
      '{"a":}',
      '{"a":1,}',
      "{'a':1}",
      '{"__proto__":{}}',
      Buffer.from('7b2261223a22ff227d', 'hex'),
      `{"a":${'['.repeat(17)}`,
      `{"a":"${'x'.repeat(64 * 1024)}"}`,
    ]) {
      assert.deepEqual(read('{"user":"a","type":"salt"}', broken, '{"user":"b","type":"salt"}'), [
        object({ type: 'salt', user: 'a' }),
        lost,
      ]);
    }
  });

  test('any bytes in any pieces are read without failing, and hold nothing after the end', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text)),
      fc.constantFrom(...seed.map(([text]) => Buffer.from(text))),
      fc
        .record({
          user: fc.anything(),
          type: fc.constantFrom('guest', 'login', 'userlist'),
          onlinetype: fc.anything(),
        })
        .map((value) => Buffer.from(JSON.stringify(value))),
      fc.constantFrom(...['{', '}', '"', '\\', '[', ']', '\n'].map((text) => Buffer.from(text))),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(), (pieces, seedOfCut) => {
        const bytes = Buffer.concat(pieces);
        const whole = read(bytes);
        const cut = bytes.length === 0 ? 0 : seedOfCut % bytes.length;
        assert.deepEqual(read(bytes.subarray(0, cut), bytes.subarray(cut)), whole);
        const lostAt = whole.findIndex((each) => (each as { kind: string }).kind === 'lost');
        assert.ok(lostAt === -1 || lostAt === whole.length - 1);
      }),
      { numRuns: rounds(5_000, 100_000) },
    );
  });
});

test('a version is compared number by number', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['0.1.9', '0.2.0', true],
    ['0.2', '0.2.0', false],
    ['V0.1', '0.2.0', true],
    ['v0.10.0', '0.2.0', false],
    ['0.2.0-beta', '0.2.0', false],
    ['1', '0.2.0', false],
    ['0', '0.0.1', true],
    ['', '0.2.0', false],
    ['new', '0.2.0', false],
    ['9'.repeat(400), '0.2.0', false],
    ['1.2.3.4.5', '2', false],
  ];
  for (const [version, minimum, expected] of cases)
    assert.equal(isOutdated(version, minimum), expected, version);
});
