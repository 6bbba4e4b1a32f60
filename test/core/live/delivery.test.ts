import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection, WireForm } from '../../../src/core/live/connection.ts';
import { Delivery } from '../../../src/core/live/delivery.ts';
import type { LiveEvent } from '../../../src/core/live/events.ts';

const notice: LiveEvent = { kind: 'notice', at: 0, text: 'hello' };

/** A form that says how often it was asked. */
function countingForm(name: string, word: string | null = name): WireForm<string> & { encoded: number } {
  return {
    encoded: 0,
    encode(_event, other) {
      this.encoded += 1;
      return word === null ? null : `${word} ${other ?? '-'}`;
    },
  };
}

function connection(userId: string, way: string, form: WireForm<string>, told: string[]): Connection {
  return {
    userId,
    sessionKeyId: null,
    address: '127.0.0.1',
    way,
    form,
    rooms: null,
    send: (encoded) => void told.push(String(encoded)),
    end: () => {},
  };
}

test('an event is encoded once for each form, however they are mixed', () => {
  const forms = [countingForm('a'), countingForm('b')];
  const told: string[] = [];
  const counts = new Map<string, number>([['b', 1]]);
  const delivery = new Delivery(notice, null, counts);
  for (const at of [0, 1, 0, 0, 1]) {
    const form = forms[at]!;
    delivery.to(connection('somebody', at === 0 ? 'a' : 'b', form, told));
  }
  delivery.end();
  assert.deepEqual(told, ['a -', 'b -', 'a -', 'a -', 'b -']);
  assert.deepEqual(
    forms.map(({ encoded }) => encoded),
    [1, 1],
  );
  assert.deepEqual(
    [...counts].sort(([one], [other]) => one.localeCompare(other)),
    [
      ['a', 3],
      ['b', 3],
    ],
  );
});

test('in a direct room it is encoded once for each of the two', () => {
  const form = countingForm('a');
  const told: string[] = [];
  const pair = [
    { userId: '1', username: 'ada' },
    { userId: '2', username: 'bob' },
  ];
  const delivery = new Delivery(notice, pair, new Map());
  for (const userId of ['1', '2', '1', '2']) delivery.to(connection(userId, 'a', form, told));
  assert.deepEqual(told, ['a bob', 'a ada', 'a bob', 'a ada']);
  assert.equal(form.encoded, 2);
});

test('what a form has no word for is asked once, and neither sent nor counted', () => {
  const form = countingForm('a', null);
  const told: string[] = [];
  const counts = new Map<string, number>();
  const delivery = new Delivery(notice, null, counts);
  for (let at = 0; at < 3; at++) delivery.to(connection('somebody', 'a', form, told));
  delivery.end();
  assert.deepEqual(told, []);
  assert.equal(form.encoded, 1);
  assert.equal(counts.size, 0);
});
