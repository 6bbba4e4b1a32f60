import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BoundedQueue } from '../../src/core/bounded-queue.ts';
import { Refusal } from '../../src/core/errors.ts';

/** A task that ends when it is told to. */
function heldTask(): {
  task: () => Promise<string>;
  end: (result: string) => void;
  fail: (error: Error) => void;
} {
  let end: (result: string) => void = () => {};
  let fail: (error: Error) => void = () => {};
  const held = new Promise<string>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  return { task: () => held, end, fail };
}

function isBusy(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'busy' && error.members.retryAfter === 1;
}

describe('a bounded queue', () => {
  test('gives back what the task comes to', async () => {
    const queue = new BoundedQueue({ concurrency: 1, waiting: 0 });
    assert.equal(await queue.run(async () => 42), 42);
    await assert.rejects(
      queue.run(async () => Promise.reject(new Error('from the task'))),
      /from the task/,
    );
  });

  test('runs as many at once as it may, and the others in order', async () => {
    const queue = new BoundedQueue({ concurrency: 2, waiting: 10 });
    const started: number[] = [];
    const tasks = Array.from({ length: 6 }, () => heldTask());
    const runs = tasks.map(({ task }, index) =>
      queue.run(() => {
        started.push(index);
        return task();
      }),
    );
    assert.deepEqual(started, [0, 1]);
    assert.deepEqual(queue.depth, { running: 2, waiting: 4 });
    tasks[1]?.end('1');
    await runs[1];
    await settle();
    assert.deepEqual(started, [0, 1, 2]);
    assert.deepEqual(queue.depth, { running: 2, waiting: 3 });
    for (const { end } of tasks) end('rest');
    await Promise.all(runs);
    assert.deepEqual(started, [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(queue.depth, { running: 0, waiting: 0 });
  });

  test('refuses at once what comes on top of those that wait', async () => {
    const queue = new BoundedQueue({ concurrency: 1, waiting: 2 });
    const first = heldTask();
    const runs = [first, heldTask(), heldTask()].map((each) => (each.end('done'), queue.run(each.task)));
    let ran = false;
    await assert.rejects(
      queue.run(async () => {
        ran = true;
      }),
      isBusy,
    );
    assert.equal(ran, false);
    await Promise.all(runs);
    assert.equal(await queue.run(async () => 'again'), 'again');
  });

  test('frees the place of a task that fails, also before it has begun to wait', async () => {
    const queue = new BoundedQueue({ concurrency: 1, waiting: 1 });
    const failing = heldTask();
    const first = queue.run(failing.task);
    const second = queue.run(async () => 'second');
    failing.fail(new Error('failed'));
    await assert.rejects(first, /failed/);
    assert.equal(await second, 'second');
    const throwsAtOnce = (): Promise<never> => {
      throw new Error('at once');
    };
    await assert.rejects(queue.run(throwsAtOnce), /at once/);
    assert.deepEqual(queue.depth, { running: 0, waiting: 0 });
    assert.equal(await queue.run(async () => 'third'), 'third');
  });

  test('lets nobody slip in between who leaves and who waits', async () => {
    const queue = new BoundedQueue({ concurrency: 1, waiting: 100 });
    const order: number[] = [];
    let running = 0;
    const run = (index: number): Promise<void> =>
      queue.run(async () => {
        running += 1;
        assert.equal(running, 1);
        order.push(index);
        await settle();
        running -= 1;
      });
    const first = run(0).then(() => run(3));
    await Promise.all([first, run(1), run(2)]);
    assert.deepEqual(order, [0, 1, 2, 3]);
  });
});

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
