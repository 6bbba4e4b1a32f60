import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'node:test';
import { TurnEnd } from '../../../src/gateways/socket/turn-end.ts';

const [one, two, three] = ['one', 'two', 'three'].map((text) => Buffer.from(text)) as [
  Buffer,
  Buffer,
  Buffer,
];

test('all who wait write once, in their order, when the turn is over', async () => {
  const turnEnd = new TurnEnd();
  const written: string[] = [];
  for (const name of ['a', 'b']) turnEnd.whenOver({ flush: () => written.push(name) });
  await Promise.resolve();
  assert.deepEqual(written, []);
  await nextTurn();
  assert.deepEqual(written, ['a', 'b']);
});

test('who asks while others write has their turn after them', async () => {
  const turnEnd = new TurnEnd();
  const written: string[] = [];
  const late = { flush: () => written.push('late') };
  turnEnd.whenOver({
    flush: () => {
      written.push('first');
      turnEnd.whenOver(late);
    },
  });
  await nextTurn();
  await nextTurn();
  assert.deepEqual(written, ['first', 'late']);
});

test('one part alone is not copied', () => {
  assert.equal(new TurnEnd().join([one]), one);
});

test('the same parts are joined once for all, other ones anew', () => {
  const turnEnd = new TurnEnd();
  const joined = turnEnd.join([one, two]);
  assert.equal(String(joined), 'onetwo');
  assert.equal(turnEnd.join([one, two]), joined);
  assert.equal(String(turnEnd.join([one, three])), 'onethree');
  assert.equal(String(turnEnd.join([one, two, three])), 'onetwothree');
  assert.equal(String(turnEnd.join([two, one])), 'twoone');
});

test('what was joined is not kept for longer than the turn', async () => {
  const turnEnd = new TurnEnd();
  let first: Buffer | null = null;
  turnEnd.whenOver({ flush: () => (first = turnEnd.join([one, two])) });
  await nextTurn();
  assert.equal(String(first), 'onetwo');
  assert.notEqual(turnEnd.join([one, two]), first);
});
