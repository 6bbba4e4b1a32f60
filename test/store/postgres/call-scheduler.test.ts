import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Subjects } from '../../../src/core/transaction-subjects.ts';
import { CallScheduler } from '../../../src/store/postgres/call-scheduler.ts';

interface NamedCall {
  readonly name: string;
  readonly subjects: Subjects;
}

/** A scheduler whose batches end when they are told to. */
function scheduler(options: { concurrency?: number; batch?: number } = {}) {
  const running = new Map<string, () => void>();
  const started: string[] = [];
  const scheduler = new CallScheduler<NamedCall>({
    run: (calls) => {
      const names = calls.map(({ name }) => name).join('+');
      started.push(names);
      return new Promise((resolve) => running.set(names, resolve));
    },
    concurrency: options.concurrency ?? 10,
    batch: options.batch ?? 3,
  });
  return {
    scheduler,
    started,
    add: (name: string, subjects: Subjects) => scheduler.add({ name, subjects }),
    finish: async (names: string) => {
      running.get(names)?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe('the order of calls', () => {
  test('lets those with a common subject wait for each other, and nobody else for them', async () => {
    const { add, started, finish } = scheduler();
    add('a', ['x', 'y']);
    add('b', ['y', 'z']);
    add('c', ['z']);
    add('d', ['w']);
    assert.deepEqual(started, ['a', 'd']);
    await finish('d');
    await finish('a');
    assert.deepEqual(started, ['a', 'd', 'b']);
    await finish('b');
    assert.deepEqual(started, ['a', 'd', 'b', 'c']);
  });

  test('puts what waits with the same subjects into one batch, as large as it may be', async () => {
    const { add, started, finish } = scheduler();
    for (const name of ['a', 'b', 'c', 'd', 'e']) add(name, ['x']);
    await finish('a');
    await finish('b+c+d');
    assert.deepEqual(started, ['a', 'b+c+d', 'e']);
  });

  test('lets nobody pass who waits behind another', async () => {
    const { add, started, finish } = scheduler();
    add('a', ['x']);
    add('b', ['x']);
    add('c', ['x', 'y']);
    add('d', ['x']);
    for (const names of ['a', 'b', 'c', 'd']) await finish(names);
    assert.deepEqual(started, ['a', 'b', 'c', 'd']);
  });

  test('runs alone what has to, after all before it and before all after it', async () => {
    const { add, started, finish, scheduler: queue } = scheduler();
    add('a', ['x']);
    add('alone', 'alone');
    add('b', ['y']);
    add('also alone', 'alone');
    add('c', ['x']);
    assert.deepEqual(started, ['a']);
    assert.deepEqual(queue.depth, { running: 1, waiting: 4 });
    for (const names of ['a', 'alone', 'b', 'also alone', 'c']) {
      assert.equal(started.at(-1), names);
      await finish(names);
    }
    assert.deepEqual(queue.depth, { running: 0, waiting: 0 });
  });

  test('runs no more at once than it may', async () => {
    const { add, started, finish } = scheduler({ concurrency: 2 });
    for (const name of ['a', 'b', 'c']) add(name, [name]);
    assert.deepEqual(started, ['a', 'b']);
    await finish('b');
    assert.deepEqual(started, ['a', 'b', 'c']);
  });

  test('starts nothing while it is held, gives out what has waited, and goes on with the rest', async () => {
    const { add, started, finish, scheduler: queue } = scheduler();
    queue.hold(true);
    add('a', ['x']);
    add('b', ['x', 'y']);
    add('alone', 'alone');
    add('c', ['x']);
    const taken = queue.take(({ name }) => name !== 'c');
    assert.deepEqual(taken.map(({ name }) => name).sort(), ['a', 'alone', 'b']);
    assert.deepEqual(started, []);
    queue.hold(false);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(started, ['c']);
    await finish('c');
    assert.deepEqual(queue.depth, { running: 0, waiting: 0 });
  });
});
