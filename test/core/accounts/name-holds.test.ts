import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NameHolds, nameHoldMilliseconds } from '../../../src/core/accounts/name-holds.ts';
import { Refusal } from '../../../src/core/errors.ts';
import type { Reader, UserRow } from '../../../src/core/store.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function holds(names: readonly string[] = []): { clock: ManualClock; holds: NameHolds } {
  const clock = new ManualClock();
  const byUsernameKey = (key: string): Promise<UserRow | null> =>
    Promise.resolve(names.includes(key) ? ({} as UserRow) : null);
  const read = { users: { byUsernameKey } } as unknown as Pick<Reader, 'users'>;
  return { clock, holds: new NameHolds({ read, clock, enforce: async () => {} }) };
}

const isTaken = (error: unknown): boolean => error instanceof Refusal && error.code === 'username_taken';

test('a held name is its holder’s alone, in every spelling, until it is given back', async () => {
  const { holds: names } = holds();
  const hold = await names.hold('192.0.2.1', 'Straße');
  assert.throws(() => names.refuseHeld('strasse'), isTaken);
  names.refuseHeld('strasse', hold);
  await assert.rejects(names.hold('192.0.2.1', 'STRASSE'), isTaken);
  names.release(hold);
  names.refuseHeld('strasse');
});

test('a hold runs out after 5 minutes, and its holder has no claim on the next one', async () => {
  const { clock, holds: names } = holds();
  const first = await names.hold('192.0.2.1', 'ada');
  clock.advance(nameHoldMilliseconds - 1);
  assert.ok(names.isInForce(first));
  clock.advance(1);
  assert.ok(!names.isInForce(first));
  const second = await names.hold('192.0.2.2', 'ada');
  assert.throws(() => names.refuseHeld('ada', first), isTaken);
  names.release(first);
  assert.ok(names.isInForce(second));
});

test('a name that is taken, or can be nobody’s, is not held', async () => {
  const { holds: names } = holds(['ada']);
  await assert.rejects(names.hold('192.0.2.1', 'Ada'), isTaken);
  names.refuseHeld('ada');
  await assert.rejects(names.hold('192.0.2.1', 'two words'), { code: 'invalid_input' });
});
