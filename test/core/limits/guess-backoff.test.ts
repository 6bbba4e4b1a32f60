import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type GuessPolicyName,
  afterFailure,
  afterSuccess,
  mayGuess,
} from '../../../src/core/limits/guess-backoff.ts';
import type { GuessRow } from '../../../src/core/store.ts';

const start = 1_800_000_000_000;
const hour = 3_600_000;

/** Milliseconds to wait at `now`; 0 when a guess is looked at. */
function wait(policy: GuessPolicyName, row: GuessRow | null, now: number): number {
  const permission = mayGuess(policy, row, now);
  return permission.ok ? 0 : permission.retryAfterMs;
}

/** Guesses wrong as soon as it may, and says how long it has to wait after each. */
function failing(policy: GuessPolicyName, times: number): { pauses: number[]; row: GuessRow; now: number } {
  let row: GuessRow | null = null;
  let now = start;
  const pauses: number[] = [];
  for (let count = 0; count < times; count++) {
    row = afterFailure(policy, row, 'subject', now);
    const pause = wait(policy, row, now);
    pauses.push(pause);
    now += pause;
    assert.equal(wait(policy, row, now), 0);
    if (pause > 0) assert.equal(wait(policy, row, now - 1), 1);
  }
  assert.ok(row !== null);
  return { pauses, row, now };
}

describe('failed guesses', () => {
  test('slow an account after 5, for a minute at most', () => {
    const { pauses } = failing('account', 14);
    assert.deepEqual(
      pauses,
      [0, 0, 0, 0, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60].map((seconds) => seconds * 1000),
    );
  });

  test('that cost nothing slow nobody whose node has an earlier clock', () => {
    const row = afterFailure('account', null, 'subject', start + 500);
    assert.equal(wait('account', row, start), 0);
  });

  test('slow an address after 20, for a quarter of an hour at most', () => {
    const seconds = failing('address', 30).pauses.map((pause) => pause / 1000);
    assert.deepEqual(seconds.slice(0, 19), Array(19).fill(0));
    assert.deepEqual(seconds.slice(19), [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
  });

  test('slow everybody after 200 in ten minutes, for 2 seconds at most', () => {
    const { pauses } = failing('overall', 230);
    assert.deepEqual(pauses.slice(0, 199), Array(199).fill(0));
    assert.deepEqual(pauses.slice(199, 203), [100, 200, 300, 400]);
    assert.deepEqual(pauses.slice(217, 222), [1900, 2000, 2000, 2000, 2000]);
  });

  test('count for who is named', () => {
    assert.equal(afterFailure('account', null, 'hash of a name', start).subject, 'hash of a name');
    assert.deepEqual(mayGuess('account', null, start), { ok: true });
  });

  test('are forgotten', () => {
    for (const [policy, window] of [
      ['account', hour],
      ['address', hour],
      ['overall', hour / 6],
    ] as const) {
      let row: GuessRow | null = null;
      for (let count = 0; count < 1000; count++) row = afterFailure(policy, row, 'subject', start);
      assert.ok(wait(policy, row, start) > 0);
      assert.equal(afterFailure(policy, row, 'subject', start + window - 1).failures, 1001);
      assert.equal(wait(policy, row, start + window), 0);
      assert.equal(afterFailure(policy, row, 'subject', start + window).failures, 1);
    }
  });

  test('never block longer than the longest pause, also when the clock is set back', () => {
    const { row, now } = failing('account', 20);
    assert.equal(wait('account', row, now - 10 * hour), 0);
  });

  test('any number of times are counted', () => {
    let row: GuessRow | null = null;
    for (let count = 0; count < 5000; count++) row = afterFailure('address', row, 'subject', start);
    assert.equal(row?.failures, 5000);
    assert.equal(wait('address', row, start), 900_000);
  });
});

describe('a right guess', () => {
  test('clears an account', () => {
    const { row, now } = failing('account', 8);
    assert.equal(afterSuccess('account', afterFailure('account', row, 'subject', now)), null);
  });

  test('takes only itself back for an address and for all', () => {
    for (const policy of ['address', 'overall'] as const) {
      const { row, now } = failing(policy, 10);
      const after = afterSuccess(policy, afterFailure(policy, row, 'subject', now));
      assert.deepEqual({ ...after, blockedUntil: row.blockedUntil }, row);
      assert.equal(wait(policy, after, now), 0);
      assert.equal(afterSuccess(policy, afterFailure(policy, null, 'subject', now)), null);
    }
  });

  test('does not make others wait behind it, and leaves the next failure as long a pause', () => {
    const { row, pauses, now } = failing('address', 25);
    const after = afterSuccess('address', afterFailure('address', row, 'subject', now));
    assert.equal(wait('address', after, now), 0);
    const next = afterFailure('address', after, 'subject', now);
    assert.equal(wait('address', next, now), 2 * (pauses.at(-1) ?? 0));
  });

  test('does not keep the failures of others from being forgotten', () => {
    let row: GuessRow | null = null;
    let now = start;
    for (let typo = 0; typo < 100; typo++) {
      for (let login = 0; login < 6; login++) {
        now += hour / 6;
        assert.equal(wait('address', row, now), 0, `after ${typo} typing errors in as many hours`);
        const counted: GuessRow = afterFailure('address', row, 'subject', now);
        row = login === 0 ? counted : afterSuccess('address', counted);
      }
    }
  });

  test('gains an attacker with an account of their own nothing', () => {
    let row: GuessRow | null = failing('address', 24).row;
    let now = row.blockedUntil;
    const pauses: number[] = [];
    for (let count = 0; count < 4; count++) {
      row = afterSuccess('address', afterFailure('address', row, 'subject', now));
      row = afterFailure('address', row, 'subject', now);
      pauses.push(wait('address', row, now) / 1000);
      now = row.blockedUntil;
    }
    assert.deepEqual(pauses, [64, 128, 256, 512]);
  });

  test('side by side with wrong ones, none of them gets past the free ones', () => {
    let row: GuessRow | null = null;
    let looked = 0;
    for (let count = 0; count < 100; count++) {
      if (wait('account', row, start) > 0) continue;
      row = afterFailure('account', row, 'subject', start);
      looked += 1;
    }
    assert.equal(looked, 5);
  });
});
