import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readMessage } from '../../../src/gateways/chateau/codec.ts';
import { textFrame } from '../../../src/gateways/chateau/text-frame.ts';
import { rounds } from '../../support/long.ts';

const read = (text: string) => readMessage(Buffer.from(text));
const unreadable = { kind: 'unreadable' };

describe('reading what chateau clients send', () => {
  const requests: [string, unknown][] = [
    [
      '{"type":"RegisterRequest","username":"ada","password":"p","auth":true}',
      { type: 'RegisterRequest', username: 'ada', password: 'p', auth: true },
    ],
    [
      '{"type": "RegisterRequest", "username": "ada"}',
      { type: 'RegisterRequest', username: 'ada', password: '', auth: false },
    ],
    [
      '{"type":"GroupMessageInitRequest","recipients":["bob","eve"],"chatname":"us"}',
      { type: 'GroupMessageInitRequest', recipients: ['bob', 'eve'], chatname: 'us', content: null },
    ],
    [
      '{"type":"GroupMessageInitRequest","recipients":["bob"],"chatname":"us","content":"hi"}',
      { type: 'GroupMessageInitRequest', recipients: ['bob'], chatname: 'us', content: 'hi' },
    ],
    [
      '{"type":"GroupMessageRequest","recipient":"us","content":"\\u00e9"}',
      { type: 'GroupMessageRequest', recipient: 'us', content: 'é' },
    ],
    ['{"type":"RandomMessageRequest","content":"x"}', { type: 'RandomMessageRequest', content: 'x' }],
    ['{"type":"ClientListRequest","msg_id":7}', { type: 'ClientListRequest' }],
    ['{"type":"nothing","type":"ClientListRequest"}', { type: 'ClientListRequest' }],
    ['{"t\\u0079pe":"Client\\u004cistRequest"}', { type: 'ClientListRequest' }],
  ];
  for (const [text, request] of requests) {
    test(`reads ${text}`, () => assert.deepEqual(read(text), { kind: 'request', request }));
  }

  test('takes note of a keep alive as that', () => {
    assert.deepEqual(read('keep alive'), { kind: 'keep-alive' });
    assert.deepEqual(read('keep  alive'), unreadable);
  });

  const nested = (depth: number) =>
    `{"type":"ClientListRequest","x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  const refused = [
    '',
    '{',
    '[]',
    '"type"',
    'null',
    '{}',
    '{"type":1}',
    '{"type":"MessageRequest"}',
    '{"type":"toString"}',
    '{"type":"__proto__"}',
    '{"__proto__":{"type":"ClientListRequest"}}',
    '{"type":"ClientListRequest"}{"type":"ClientListRequest"}',
    '{"type":"ClientListRequest"}{',
    '{"type":"ClientListRequest"} x',
    '{"type":"RegisterRequest"}',
    '{"type":"RegisterRequest","username":["ada"]}',
    '{"type":"RegisterRequest","username":"ada","password":1}',
    '{"type":"RegisterRequest","username":"ada","auth":"yes"}',
    '{"type":"GroupMessageInitRequest","recipients":"bob","chatname":"us"}',
    '{"type":"GroupMessageInitRequest","recipients":[],"chatname":"us"}',
    '{"type":"GroupMessageInitRequest","recipients":["bob",1],"chatname":"us"}',
    '{"type":"GroupMessageInitRequest","recipients":["bob"]}',
    '{"type":"GroupMessageInitRequest","recipients":["bob"],"chatname":"us","content":1}',
    '{"type":"GroupMessageRequest","recipient":"us"}',
    '{"type":"GroupMessageRequest","recipient":null,"content":"x"}',
    '{"type":"RandomMessageRequest"}',
    nested(16),
    nested(20_000),
  ];
  for (const text of refused) {
    test(`refuses ${text.slice(0, 90)}`, () => assert.deepEqual(read(text), unreadable));
  }

  test('refuses what is no UTF-8', () => {
    assert.deepEqual(
      readMessage(
        Buffer.concat([Buffer.from('{"type":"ClientListRequest","x":"'), Buffer.from([0xff, 0x22, 0x7d])]),
      ),
      unreadable,
    );
  });

  test('reads as deep as the limit, and no deeper', () => {
    assert.equal(read(nested(15)).kind, 'request');
  });

  test('survives whatever is sent', () => {
    const type = fc.constantFrom(
      'RegisterRequest',
      'GroupMessageInitRequest',
      'GroupMessageRequest',
      'RandomMessageRequest',
      'ClientListRequest',
    );
    const value = fc.oneof(fc.string(), fc.boolean(), fc.array(fc.string()), fc.jsonValue({ maxDepth: 3 }));
    const member = fc.constantFrom(
      'username',
      'password',
      'auth',
      'recipients',
      'chatname',
      'content',
      'recipient',
    );
    const shaped = fc
      .tuple(type, fc.dictionary(member, value))
      .map(([word, members]) => Buffer.from(JSON.stringify({ type: word, ...members })));
    const damaged = fc.tuple(shaped, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([bytes, at, byte]) => {
      const copy = Buffer.from(bytes);
      copy[at % copy.length] = byte;
      return copy;
    });
    const garbage = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(shaped, damaged, garbage), (bytes) => {
        const reading = readMessage(bytes);
        if (reading.kind === 'request') assert.equal(typeof reading.request.type, 'string');
      }),
      { numRuns: rounds(5_000, 100_000) },
    );
  });
});

describe('writing frames', () => {
  for (const [length, header] of [
    [0, '8100'],
    [125, '817d'],
    [126, '817e007e'],
    [65_535, '817effff'],
    [65_536, '817f0000000000010000'],
  ] as const) {
    test(`writes a text of ${length} bytes`, () => {
      const frame = textFrame('x'.repeat(length));
      assert.equal(frame.toString('hex', 0, header.length / 2), header);
      assert.equal(frame.length, length + header.length / 2);
    });
  }

  test('counts bytes, not characters', () => {
    assert.equal(textFrame('é😀').toString('hex'), '8106c3a9f09f9880');
  });
});
