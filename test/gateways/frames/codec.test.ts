import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  FrameReader,
  type FrameReading,
  encodeFrame,
  frameOf,
  frameTypes,
} from '../../../src/gateways/frames/codec.ts';
import { rounds } from '../../support/long.ts';
import { frame, numbers, rawFrame } from './frames-client.ts';

function readAll(pieces: readonly Buffer[]): FrameReading[] {
  const reader = new FrameReader();
  const readings: FrameReading[] = [];
  for (const piece of pieces) {
    reader.feed(piece);
    for (let next = reader.next(); next !== null; next = reader.next()) readings.push(next);
  }
  return readings;
}

describe('the codec of frames', () => {
  test('writes version 1 and the type into one byte, and the size into two', () => {
    assert.equal(
      encodeFrame('SES', { session: 1 }).toString('hex'),
      '45000d' + Buffer.from('{"session":1}').toString('hex'),
    );
    assert.equal(encodeFrame('ACK', {}).toString('hex'), '4000027b7d');
    assert.equal(
      encodeFrame('DEL', { msg: 'é' }).toString('hex'),
      '4d000c7b226d7367223a22c3a9227d',
      'a size counts bytes, not characters',
    );
  });

  test('knows the types by the numbers of their order', () => {
    assert.deepEqual(Object.fromEntries(frameTypes.map((type, number) => [type, number])), numbers);
  });

  test('writes no frame that is longer than its size can say', () => {
    assert.equal(frameOf('HIS', Buffer.alloc(65_535)).subarray(0, 3).toString('hex'), '49ffff');
    assert.throws(() => frameOf('HIS', Buffer.alloc(65_536)), RangeError);
  });

  test('reads what came in one piece, in many, and split at every byte', () => {
    const stream = Buffer.concat([
      frame('LOG', { login: 'ada', password: 'X' }),
      rawFrame(0x42, ''),
      frame('MSG', { reciever: 'bert', msg: 'grüße 🐈' }),
      rawFrame(0x7f, '{}'),
      frame('UPD', '[1]'),
      frame('UPD', { reciever: null }),
    ]);
    const whole = readAll([stream]);
    assert.deepEqual(whole, [
      { kind: 'frame', type: 'LOG', data: { login: 'ada', password: 'X' } },
      { kind: 'frame', type: 'DIS', data: {} },
      { kind: 'frame', type: 'MSG', data: { reciever: 'bert', msg: 'grüße 🐈' } },
      { kind: 'refused', problem: 'there is no type 63' },
      { kind: 'refused', problem: 'the data is no JSON object' },
      { kind: 'frame', type: 'UPD', data: { reciever: null } },
    ]);
    for (let at = 1; at < stream.length; at++) {
      assert.deepEqual(readAll([stream.subarray(0, at), stream.subarray(at)]), whole, `split at ${at}`);
    }
    assert.deepEqual(readAll([...stream].map((byte) => Buffer.from([byte]))), whole);
  });

  test('waits for the rest of a frame that was cut anywhere', () => {
    const whole = frame('MSG', { reciever: 'bert', msg: 'hello' });
    for (let at = 0; at < whole.length; at++) assert.deepEqual(readAll([whole.subarray(0, at)]), []);
  });

  test('refuses data that is no JSON object, and goes on', () => {
    const deep = '['.repeat(30_000) + ']'.repeat(30_000);
    for (const data of [
      '',
      ' ',
      'null',
      '1',
      '"x"',
      '[]',
      '{',
      '{}}',
      "{'a':1}",
      `{"a":${'['.repeat(99)}`,
      deep,
    ]) {
      const readings = readAll([frame('MSG', data), frame('ACK', {})]);
      if (data === '') assert.deepEqual(readings[0], { kind: 'frame', type: 'MSG', data: {} });
      else assert.equal(readings[0]?.kind, 'refused', data.slice(0, 20));
      assert.deepEqual(readings[1], { kind: 'frame', type: 'ACK', data: {} });
    }
    const noUtf8 = Buffer.concat([Buffer.from('430003', 'hex'), Buffer.from([0x22, 0xff, 0x22])]);
    assert.deepEqual(readAll([noUtf8]), [{ kind: 'refused', problem: 'the data is no JSON object' }]);
  });

  test('loses the stream at the first byte of another version, and reads nothing more', () => {
    for (const start of ['\x16\x03\x01', '\x00', '\x80', '\xc0', ' ', '\n']) {
      const first = Buffer.from(start, 'latin1');
      const readings = readAll([first, frame('ACK', {}), Buffer.alloc(1024 * 1024)]);
      assert.deepEqual(
        readings.map(({ kind }) => kind),
        ['lost'],
      );
    }
  });

  test('bears anything: no throw, and the same however it is split', () => {
    const byte = fc.oneof(fc.constantFrom(0x40, 0x41, 0x43, 0x44, 0x4a, 0x7f, 0x00, 0xff), fc.nat(255));
    const whole = fc
      .tuple(fc.constantFrom(...Object.keys(numbers)), fc.jsonValue())
      .map(([type, value]) => frame(type as 'ACK', JSON.stringify(value).slice(0, 60_000)));
    const noise = fc.array(byte, { maxLength: 40 }).map((bytes) => Buffer.from(bytes));
    const lie = fc.tuple(fc.nat(63), fc.nat(65_535), noise).map(([type, size, rest]) => {
      return Buffer.concat([Buffer.from([0x40 | type, size >> 8, size & 0xff]), rest]);
    });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(whole, noise, lie), { maxLength: 6 }),
        fc.array(fc.nat(300), { maxLength: 12 }),
        (parts, cuts) => {
          const stream = Buffer.concat(parts);
          const pieces: Buffer[] = [];
          let from = 0;
          for (const cut of cuts) {
            pieces.push(stream.subarray(from, from + cut));
            from = Math.min(stream.length, from + cut);
          }
          pieces.push(stream.subarray(from));
          assert.deepEqual(readAll(pieces), readAll([stream]));
        },
      ),
      { numRuns: rounds(5_000, 100_000) },
    );
  });

  test('holds no more of a long frame that comes byte by byte than twice its size', () => {
    const reader = new FrameReader();
    const long = frame('MSG', { reciever: 'bert', msg: 'x'.repeat(60_000) });
    const before = process.memoryUsage().arrayBuffers;
    for (const byte of long.subarray(0, -1)) reader.feed(Buffer.from([byte]));
    assert.equal(reader.next(), null);
    assert.equal(reader.waitingBytes, long.length - 1);
    assert.ok(process.memoryUsage().arrayBuffers - before < 4 * 1024 * 1024);
    reader.feed(long.subarray(-1));
    assert.equal(reader.next()?.kind, 'frame');
    assert.equal(reader.waitingBytes, 0);
  });
});
