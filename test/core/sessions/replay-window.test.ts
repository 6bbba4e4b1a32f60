import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { ReplayWindow } from '../../../src/core/sessions/replay-window.ts';

const largest = Number.MAX_SAFE_INTEGER;

/** What the window must do, in the plainest words. It moves by words of 32 and holds 64 of them. */
class Model {
  highest: number;
  private readonly seenUpTo: number;
  private readonly seen = new Set<number>();

  constructor(seenUpTo: number) {
    this.highest = seenUpTo;
    this.seenUpTo = seenUpTo;
  }

  testAndSet(seq: number): boolean {
    const isTooOld = Math.floor(seq / 32) <= Math.floor(this.highest / 32) - 64;
    if (seq <= this.seenUpTo || isTooOld || this.seen.has(seq)) return false;
    this.seen.add(seq);
    this.highest = Math.max(this.highest, seq);
    return true;
  }
}

describe('a replay window', () => {
  test('takes each number once', () => {
    const window = new ReplayWindow();
    for (const seq of [1, 2, 3, 40, 5, 4]) assert.equal(window.testAndSet(seq), true);
    for (const seq of [1, 2, 3, 40, 5, 4]) assert.equal(window.testAndSet(seq), false);
    assert.equal(window.highest, 40);
  });

  test('says what is fresh without moving', () => {
    const window = new ReplayWindow();
    assert.equal(window.check(1_000_000), true);
    assert.equal(window.highest, 0);
    assert.equal(window.testAndSet(1), true);
    assert.equal(window.check(1), false);
    assert.equal(window.check(2), true);
    assert.equal(window.check(2), true);
  });

  test('tells apart the 1024 numbers behind the highest at least, wherever that is', () => {
    for (const highest of [
      1024,
      2047,
      2048,
      2 ** 31 + 5,
      2 ** 32 - 1,
      2 ** 32,
      2 ** 37 + 31,
      2 ** 53 - 32,
      largest,
    ]) {
      const window = new ReplayWindow();
      assert.equal(window.testAndSet(highest), true);
      for (let seq = highest - 1024; seq < highest; seq++) {
        if (seq < 1) continue;
        assert.equal(window.testAndSet(seq), true, `${seq} after ${highest}`);
        assert.equal(window.testAndSet(seq), false);
      }
    }
  });

  test('refuses what is older than it can tell', () => {
    const window = new ReplayWindow();
    window.testAndSet(10_000);
    assert.equal(window.check(10_000 - 2048), false);
    assert.equal(window.check(1), false);
  });

  test('counts all up to the number it starts from as seen', () => {
    const window = new ReplayWindow(5000);
    assert.equal(window.highest, 5000);
    assert.equal(window.testAndSet(5000), false);
    assert.equal(window.testAndSet(4990), false);
    assert.equal(window.testAndSet(5002), true);
    assert.equal(window.testAndSet(4999), false);
    assert.equal(window.testAndSet(5001), true);
    assert.equal(new ReplayWindow(largest).check(largest), false);
  });

  test('refuses what is no sequence number', () => {
    const window = new ReplayWindow();
    for (const seq of [0, -1, 1.5, NaN, Infinity, -Infinity, 2 ** 53, 2 ** 64])
      assert.equal(window.testAndSet(seq), false);
    assert.equal(window.highest, 0);
  });

  test('forgets what a word of its ring held when the ring comes around to it', () => {
    const window = new ReplayWindow();
    for (let seq = 1; seq <= 10_000; seq++) assert.equal(window.testAndSet(seq), true);
    for (let first = 1; first <= 70; first++) {
      for (const jump of [2048, 2049, 2080, 2048 + 2016, 2 ** 20, 2 ** 32, 2 ** 40]) {
        const jumping = new ReplayWindow();
        for (let seq = first; seq < first + 64; seq++) jumping.testAndSet(seq);
        jumping.testAndSet(first + 64 + jump);
        for (let seq = first; seq < first + 64; seq++) {
          assert.equal(jumping.testAndSet(seq + jump), true, `${first}, ${jump}`);
        }
      }
    }
  });

  const step = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -70, max: 70 }) },
    { weight: 3, arbitrary: fc.integer({ min: -2200, max: 2200 }) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        -2049,
        -2048,
        -2047,
        -2016,
        -2015,
        -1024,
        -33,
        -32,
        -31,
        31,
        32,
        33,
        2016,
        2047,
        2048,
        2049,
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom(2 ** 31, 2 ** 32, 2 ** 37, -(2 ** 32), 2 ** 32 * 64) },
  );
  const start = fc.oneof(
    fc.constantFrom(
      0,
      1,
      31,
      32,
      2 ** 31 - 3,
      2 ** 32 - 1,
      2 ** 32,
      2 ** 36 + 7,
      largest - 5000,
      largest - 40,
      largest,
    ),
    fc.nat({ max: largest }),
  );

  test('does what a naive model does, on random sequences', () => {
    fc.assert(
      fc.property(start, fc.array(step, { minLength: 1, maxLength: 300, size: 'max' }), (seenUpTo, steps) => {
        const window = new ReplayWindow(seenUpTo);
        const model = new Model(seenUpTo);
        for (const each of steps) {
          const seq = Math.min(largest, Math.max(1, model.highest + each));
          const fresh = model.testAndSet(seq);
          assert.equal(window.check(seq), fresh, `check ${seq}`);
          assert.equal(window.testAndSet(seq), fresh, `set ${seq}`);
          assert.equal(window.check(seq), false);
          assert.equal(window.highest, model.highest);
        }
      }),
      { numRuns: 400 },
    );
  });
});
