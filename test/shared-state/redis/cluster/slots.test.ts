import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ErrorReply } from '@redis/client';
import { readRedirect } from '../../../../src/shared-state/redis/cluster/redirect.ts';
import { SlotMap } from '../../../../src/shared-state/redis/cluster/slot-map.ts';
import { slotOf } from '../../../../src/shared-state/redis/cluster/slots.ts';

describe('the slot of a key', () => {
  // The check value of CRC16/XMODEM, and what Redis answers to CLUSTER KEYSLOT.
  for (const [key, slot] of [
    ['123456789', 0x31c3],
    ['', 0],
    ['foo', 12_182],
    ['{foo}bar', 12_182],
    ['ll:session:{foo}', 12_182],
    ['a{foo}{bar}', 12_182],
  ] as const) {
    test(`of ${JSON.stringify(key)} is ${slot}`, () => assert.equal(slotOf(key), slot));
  }

  test('is of the whole key where the tag is empty or not closed', () => {
    assert.notEqual(slotOf('foo{}'), slotOf('bar{}'));
    assert.notEqual(slotOf('foo{a'), slotOf('bar{a'));
  });
});

describe('a map of slots', () => {
  const answer = [
    [0, 99, ['10.0.0.1', 7000, 'id', []], ['10.0.0.2', 7000, 'replica', []]],
    [100, 16_383, [null, 7001, 'id', []]],
  ];

  test('names the primary of each, on the host that was asked where it names none', () => {
    const map = SlotMap.read(answer, 'redis.test:7001');
    assert.equal(map.ownerOf(99), '10.0.0.1:7000');
    assert.equal(map.ownerOf(100), 'redis.test:7001');
    assert.deepEqual([...map.primaries], ['10.0.0.1:7000', 'redis.test:7001']);
    assert.equal(map.isWhole, true);
  });

  test('is not whole where nobody serves a slot', () => {
    const map = SlotMap.read(answer.slice(0, 1), 'redis.test:7001');
    assert.equal(map.ownerOf(100), null);
    assert.equal(map.isWhole, false);
    assert.deepEqual([...map.primaries], ['10.0.0.1:7000']);
  });

  test('changes by one slot', () => {
    const map = SlotMap.read(answer, 'redis.test:7001').with(5, 'c:1');
    assert.equal(map.ownerOf(5), 'c:1');
    assert.equal(map.ownerOf(6), '10.0.0.1:7000');
    assert.equal(map.isWhole, true);
  });
});

describe('what a server says that does not serve a key', () => {
  const read = (message: string) => readRedirect(new ErrorReply(message), 'asked:7000');

  test('is read', () => {
    assert.deepEqual(read('MOVED 5 10.0.0.1:7001'), { kind: 'moved', to: '10.0.0.1:7001' });
    assert.deepEqual(read('ASK 5 10.0.0.1:7001'), { kind: 'ask', to: '10.0.0.1:7001' });
    assert.deepEqual(read('MOVED 5 :7001'), { kind: 'moved', to: 'asked:7001' });
    assert.deepEqual(read('MOVED 5 ?:7001'), { kind: 'moved', to: 'asked:7001' });
    assert.deepEqual(read('MOVED 5 ::1:7001'), { kind: 'moved', to: '::1:7001' });
    assert.deepEqual(read('CLUSTERDOWN Hash slot not served'), { kind: 'later' });
    assert.deepEqual(read('TRYAGAIN Multiple keys'), { kind: 'later' });
  });

  test('is nothing where it is about something else', () => {
    assert.equal(read('WRONGTYPE Operation against a key'), null);
    assert.equal(readRedirect(new Error('MOVED 5 10.0.0.1:7001'), 'asked:7000'), null);
  });
});
