import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { readEnvelope } from '../../src/http/envelope.ts';

const key = 'Zk3_w-9aQ0b1c2d3e4f5gA';
const payload = 'eyJhbGciOiJkaXIifQ..AAAA-_.BBBB.CCCC';

function refused(body: string | Uint8Array): string {
  const envelope = readEnvelope(typeof body === 'string' ? Buffer.from(body) : Buffer.from(body));
  assert.ok('problem' in envelope, `${body.toString()} is read`);
  return envelope.problem;
}

describe('the envelope of a sealed request', () => {
  test('is two texts, in any order and spelling', () => {
    const spellings = [
      `{"session_key":"${key}","payload":"${payload}"}`,
      `{"session_key": "${key}", "payload": "${payload}"}`,
      `{"payload":"${payload}","session_key":"${key}"}`,
      ` {\n  "session_key" : "${key}",\n  "payload" : "${payload}"\n}\n`,
      `{"session\\u005fkey":"${key}","payload":"${payload}"}`,
      `{"session_key":"\\u005a${key.slice(1)}","payload":"${payload}"}`,
    ];
    for (const spelling of spellings) {
      assert.deepEqual(readEnvelope(Buffer.from(spelling)), { sessionKey: key, payload });
    }
  });

  test('has these two members and no other', () => {
    const others = [
      '{}',
      '[]',
      'null',
      '"a"',
      '1',
      '{"session_key":"a"}',
      '{"payload":"a"}',
      '[{"session_key":"a","payload":"b"}]',
      '{"session_key":"a","payload":"b","x":1}',
      '{"session_key":"a","payload":"b","Payload":"c"}',
      '{"session_key":1,"payload":"b"}',
      '{"session_key":"a","payload":null}',
      '{"session_key":"a","payload":["b"]}',
      '{"session_key":{"session_key":"a"},"payload":"b"}',
    ];
    for (const other of others) assert.match(refused(other), /nothing else/);
  });

  test('is strict JSON', () => {
    assert.match(refused('{"session_key":"a","payload":"b","payload":"c"}'), /twice/);
    assert.match(refused('{"session_key":"a","session_key":"a","payload":"b"}'), /twice/);
    assert.match(refused('{"session_key":"a","payload":"b","__proto__":{}}'), /not allowed/);
    assert.match(refused('{"session_key":"a","payload":"\\ud800"}'), /not allowed/);
    assert.match(refused(`${'{"payload":'.repeat(20)}1${'}'.repeat(20)}`), /deep/);
    assert.match(refused(Buffer.from('{"session_key":"a","payload":"\xff"}', 'latin1')), /UTF-8/);
    for (const body of [
      '',
      '{',
      '{"session_key":"a","payload":"b"',
      '{"session_key":"a","payload":"b"}}',
      '{"session_key":"a","payload":"b\n"}',
      '{"session_key":"a\0","payload":"b"}',
      'session_key=a&payload=b',
    ]) {
      assert.match(refused(body), /not JSON/);
    }
  });

  test('says nothing of what stood in it', () => {
    assert.doesNotMatch(
      refused('{"session_key":"secret123","payload":"secret123","secret123":1}'),
      /secret123/,
    );
  });

  test('is read in its usual form as the strict reader reads it, and never otherwise', () => {
    const unit = fc.constantFrom(
      'a',
      'Z',
      '0',
      '_',
      '-',
      '.',
      '"',
      '\\',
      '\\u0061',
      ' ',
      '\n',
      'é',
      '","payload":"',
      '":"',
      '}',
    );
    const text = fc.array(unit, { maxLength: 5 }).map((units) => units.join(''));
    fc.assert(
      fc.property(text, text, fc.constantFrom('', ' '), (first, second, space) => {
        const body = `{"session_key":${space}"${first}",${space}"payload":${space}"${second}"}`;
        const envelope = readEnvelope(Buffer.from(body));
        if ('problem' in envelope) return;
        assert.deepEqual(JSON.parse(body), { session_key: envelope.sessionKey, payload: envelope.payload });
        assert.equal(body.match(/"payload"/g)?.length, 1);
      }),
      { numRuns: 3000 },
    );
  });
});
