import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Reading, RoomsReader } from '../../../src/gateways/rooms/codec.ts';
import {
  enteredObject,
  errorObject,
  keptOutObject,
  maxObjectBytes,
  publicObjects,
  signedInObjects,
} from '../../../src/gateways/rooms/objects.ts';
import { piecesOf } from '../../../src/gateways/rooms/text-pieces.ts';
import { rounds } from '../../support/long.ts';

const numRuns = rounds(5_000, 100_000);

const word = fc.string({ unit: 'binary', maxLength: 40 });
const request = fc.oneof(
  fc.record({ type: fc.constantFrom('signup', 'signin'), username: word, password: word }),
  fc.record({ type: fc.constant('pending_room'), room: word }),
  fc.record({ type: fc.constant('public'), room: word, message: word }),
  fc.record({ type: fc.constant('private'), to: word, user: word, message: word }),
  fc.record({ type: fc.constant('disconnect') }),
);

function readAll(pieces: readonly Buffer[]): Reading[] {
  const reader = new RoomsReader();
  return pieces.flatMap((piece) => reader.consume(piece));
}

/** The bytes in pieces, cut where the numbers say. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  const edges = [0, ...cuts, bytes.length];
  return edges.slice(1).map((end, at) => bytes.subarray(edges[at], end));
}

describe('the rooms codec', () => {
  test('reads what was written, however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(request, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        fc.constantFrom('', '\n', ' \r\n', '\0'),
        (requests, places, separator) => {
          const bytes = Buffer.from(requests.map((each) => JSON.stringify(each)).join(separator));
          const readings = readAll(cut(bytes, places));
          assert.deepEqual(
            readings.map((reading) => (reading.kind === 'request' ? reading.fields : reading)),
            // What is no Unicode in one half of a pair is written as an escape, and read as it was.
            requests.map(({ type: _type, ...fields }) => ({ ...fields })),
          );
        },
      ),
      { numRuns },
    );
  });

  test('takes any bytes, in any pieces, for the same, and never throws', () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text)),
      fc.json().map((text) => Buffer.from(`{"type":"public","room":${text},"message":""}`)),
      fc
        .string({ unit: fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', ' ', 't', 'п', '\0') })
        .map((text) => Buffer.from(text)),
      request.map((each) => Buffer.from(JSON.stringify(each))),
    );
    fc.assert(
      fc.property(
        fc.array(noise, { maxLength: 4 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (parts, places) => {
          const bytes = Buffer.concat(parts);
          assert.deepEqual(readAll(cut(bytes, places)), readAll([bytes]));
        },
      ),
      { numRuns },
    );
  });

  test('says which type lacks what it has to bring, and passes over what it does not know', () => {
    const readings = readAll([
      Buffer.from(
        '{"type":"public","room":"a"}{"type":"private","to":"a","message":7}{"type":"signin","username":null,"password":""}' +
          '{"type":"public","room":"a","message":"b","user":[]}{"type":"x"}{"type":"constructor"}{"Type":"public"}{}',
      ),
    ]);
    assert.deepEqual(readings, [
      { kind: 'malformed', type: 'public' },
      { kind: 'malformed', type: 'private' },
      { kind: 'malformed', type: 'signin' },
      { kind: 'malformed', type: 'public' },
    ]);
  });

  test('of a member that comes twice, the last counts', () => {
    const [reading] = readAll([Buffer.from('{"type":"public","type":"pending_room","room":"a","room":"b"}')]);
    assert.deepEqual(reading, { kind: 'request', type: 'pending_room', fields: { room: 'b' } });
  });

  test('is lost after the first thing that is no object, and reads nothing more', () => {
    for (const text of ['[]', '"x"', '}', 'null', '{"type":}', '{"__proto__":{}}', '{"a":"\xff']) {
      const reader = new RoomsReader();
      const bytes = Buffer.from(`{"type":"disconnect"}${text}{}}}`, 'latin1');
      const kinds = reader.consume(bytes).map(({ kind }) => kind);
      assert.deepEqual(kinds.slice(0, 1), ['request'], text);
      if (kinds.length === 1) assert.equal(reader.consume(Buffer.from('"}'))[0]?.kind, 'lost', text);
      else assert.deepEqual(kinds, ['request', 'lost'], text);
      assert.deepEqual(reader.consume(Buffer.from('{"type":"disconnect"}')), [], text);
    }
  });

  test('is lost in an object over 64 KiB, and in one that nests deeply', () => {
    const room = 'x'.repeat(64 * 1024);
    assert.deepEqual(kindsOf(`{"type":"pending_room","room":"${room}"}`), ['lost']);
    assert.deepEqual(kindsOf(`{"type":"pending_room","room":"${room.slice(100)}"}`), ['request']);
    const nested = (levels: number) =>
      `{"type":"disconnect","x":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    assert.deepEqual(kindsOf(nested(16)), ['request']);
    assert.deepEqual(kindsOf(nested(17)), ['lost']);
    assert.deepEqual(kindsOf(`{"type":"public","x":${'['.repeat(100_000)}`), ['lost']);
  });
});

describe('objects of the rooms kind', () => {
  test('no object is over 1,024 bytes, and the texts in a row are the text', () => {
    const name = fc.string({ unit: 'binary', maxLength: 60 });
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 2_000 }),
      fc.string({ unit: 'binary', maxLength: 2_000 }),
      fc.string({ unit: fc.constantFrom('\0', '"', 'é', '👩‍👩‍👧‍👦', '\ud800', 'é'), maxLength: 1_000 }),
    );
    fc.assert(
      fc.property(name, name, text, (room, user, message) => {
        const objects = publicObjects(room.slice(0, 40), user.slice(0, 40), message);
        let said = '';
        for (const object of objects) {
          assert.ok(object.length <= maxObjectBytes, `${object.length} bytes`);
          said += (JSON.parse(object.toString()) as { message: string }).message;
        }
        assert.equal(said, message);
        for (const object of [
          errorObject('public', message),
          keptOutObject({ type: 'signin', status: 'kick' }, 0, message),
        ]) {
          assert.ok(object.length <= maxObjectBytes);
          assert.ok(message.startsWith((JSON.parse(object.toString()) as { reason: string }).reason));
        }
      }),
      { numRuns: rounds(500, 10_000) },
    );
  });

  test('a piece ends where a character does', () => {
    assert.deepEqual(piecesOf('aé', 8), ['aé']);
    assert.deepEqual(piecesOf('aaaaaaé', 8), ['aaaaaaé']);
    assert.deepEqual(piecesOf('aaaaaaaé', 8), ['aaaaaaa', 'é']);
    assert.deepEqual(piecesOf('aaaa🙂🙂', 8), ['aaaa🙂', '🙂']);
    assert.deepEqual(piecesOf('aaaaaae\u0301', 8), ['aaaaaa', 'e\u0301'], 'a letter keeps its accent');
    const family = '👩‍👩‍👧‍👦';
    assert.deepEqual(piecesOf(`${'a'.repeat(20)}${family}`, 40), ['a'.repeat(20), family]);
    assert.deepEqual(piecesOf(`\r\n`.repeat(3), 10), ['\r\n\r\n', '\r\n']);
    assert.deepEqual(piecesOf(`a${'\u0301'.repeat(10)}`, 9), [
      `a${'\u0301'.repeat(4)}`,
      '\u0301'.repeat(4),
      '\u0301'.repeat(2),
    ]);
    assert.deepEqual(piecesOf('', 8), ['']);
  });

  test('a name that has no place in the answer to signin follows by itself, if it is of one of the own rooms', () => {
    const names = Array.from({ length: 60 }, (_, at) => `a room with a long name, number ${at}`);
    const [first, ...rest] = signedInObjects(names.slice(0, 5), names);
    assert.ok(first!.length <= maxObjectBytes);
    const answer = JSON.parse(first!.toString()) as { all_rooms: string[]; rooms: string[] };
    assert.deepEqual(answer.all_rooms, names.slice(0, 5));
    assert.ok(answer.rooms.length > 10);
    assert.deepEqual(
      rest.map(String),
      names.slice(answer.rooms.length).map((name) => enteredObject(name).toString()),
    );
    const [crowded] = signedInObjects(names, ['a']);
    assert.ok(crowded!.length <= maxObjectBytes);
  });
});

function kindsOf(text: string): string[] {
  return readAll([Buffer.from(text)]).map(({ kind }) => kind);
}
