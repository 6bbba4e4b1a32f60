import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TurnTaker, Turns } from '../../../src/gateways/socket/turns.ts';

/** Turns whose work is done when the test says so. */
function turns(full?: number) {
  const begun: number[] = [];
  const told: string[] = [];
  let finish = (): void => {};
  const taker: TurnTaker<number> = {
    deal: (item) => {
      begun.push(item);
      return new Promise((resolve) => (finish = resolve));
    },
    onFull: () => void told.push('full'),
    onFree: () => void told.push('free'),
  };
  const made = new Turns(taker, full);
  const next = async (): Promise<void> => {
    finish();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { made, begun, told, next };
}

test('one is dealt with after another, in the order they came', async () => {
  const { made, begun, next } = turns();
  for (const item of [1, 2, 3]) made.add(item);
  assert.deepEqual(begun, [1]);
  await next();
  made.add(4);
  assert.deepEqual(begun, [1, 2]);
  await next();
  await next();
  assert.deepEqual(begun, [1, 2, 3, 4]);
  await next();
  made.add(5);
  assert.deepEqual(begun, [1, 2, 3, 4, 5]);
});

test('who brings too much is told to pause, once, and to go on when all is dealt with', async () => {
  const { made, told, next } = turns(3);
  for (let item = 0; item < 10; item++) made.add(item);
  assert.deepEqual(told, ['full']);
  for (let item = 0; item < 9; item++) await next();
  assert.deepEqual(told, ['full']);
  await next();
  assert.deepEqual(told, ['full', 'free']);
});

test('after the end nothing more is begun', async () => {
  const { made, begun, next, told } = turns(2);
  for (const item of [1, 2, 3, 4]) made.add(item);
  made.stop();
  await next();
  made.add(5);
  assert.deepEqual(begun, [1]);
  assert.deepEqual(told, ['full']);
});
