import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Refusal } from '../../../src/core/errors.ts';
import { ReplayProtection, type Reserve } from '../../../src/core/sessions/replay-protection.ts';
import {
  type SessionKey,
  addSessionKey,
  maxSeals,
  newSession,
  reservationSize,
} from '../../../src/core/sessions/session.ts';
import { createLogger } from '../../../src/logger.ts';

const logger = createLogger({ level: 'silent' });

function userKey(): SessionKey {
  const session = newSession('s', { address: '127.0.0.1', client: '' }, 0);
  session.userId = 'user';
  return addSessionKey(session, { id: 'k', enc: 'A256GCM', secret: Buffer.alloc(32) }, 0);
}

/** A store whose writes end when they are told to. */
function slowStore(): { reserve: Reserve; asked: number[]; finish: (found?: boolean) => void } {
  const asked: number[] = [];
  let finish = (_found?: boolean): void => {};
  const reserve: Reserve = ({ windowReserved }) => {
    asked.push(windowReserved);
    return new Promise((resolve) => {
      finish = (found = true) => resolve(found);
    });
  };
  return { reserve, asked, finish: (found) => finish(found) };
}

describe('the protection against replays', () => {
  test('accepts no number above the reserved one before the reservation is committed', async () => {
    const store = slowStore();
    const protection = new ReplayProtection({ reserve: store.reserve, logger });
    const key = userKey();
    let accepted: boolean | null = null;
    const waiting = Promise.resolve(protection.accept(key, 1)).then((fresh) => (accepted = fresh));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(accepted, null, 'it waits');
    assert.equal(key.window.highest, 0, 'and nothing is marked yet');
    store.finish();
    await waiting;
    assert.equal(accepted, true);
    assert.ok(key.windowReserved >= 1);
  });

  test('accepts one of two that wait with the same number', async () => {
    const store = slowStore();
    const protection = new ReplayProtection({ reserve: store.reserve, logger });
    const key = userKey();
    const both = Promise.all([protection.accept(key, 7), protection.accept(key, 7)]);
    store.finish();
    assert.deepEqual((await both).sort(), [false, true]);
    assert.equal(store.asked.length, 1, 'with one write for both');
  });

  test('hardly ever writes: ahead of need, thousands of numbers at a time', async () => {
    const asked: number[] = [];
    const reserve: Reserve = async ({ windowReserved }) => asked.push(windowReserved) > 0;
    const protection = new ReplayProtection({ reserve, logger });
    const key = userKey();
    let waited = 0;
    for (let seq = 1; seq <= 3 * reservationSize; seq++) {
      const accepted = protection.accept(key, seq);
      if (accepted instanceof Promise) waited += 1;
      assert.equal(await accepted, true);
      assert.ok(key.window.highest <= key.windowReserved);
    }
    assert.equal(waited, 1, 'only the first request waits');
    assert.ok(asked.length <= 8, `${asked.length} writes`);
  });

  test('refuses when the session ended meanwhile', async () => {
    const store = slowStore();
    const protection = new ReplayProtection({ reserve: store.reserve, logger });
    const waiting = Promise.resolve(protection.accept(userKey(), 1));
    store.finish(false);
    await assert.rejects(waiting, (error) => error instanceof Refusal && error.code === 'session_unknown');
  });

  test('needs no store for a session without a user', () => {
    const reserve: Reserve = () => Promise.reject(new Error('asked for nothing'));
    const protection = new ReplayProtection({ reserve, logger });
    const key = userKey();
    key.session.userId = null;
    assert.equal(protection.accept(key, 1_000_000), true);
    assert.equal(protection.accept(key, 1_000_000), false);
  });

  test('covers what was accepted before the login', async () => {
    const asked: number[] = [];
    const reserve: Reserve = async ({ windowReserved }) => asked.push(windowReserved) > 0;
    const protection = new ReplayProtection({ reserve, logger });
    const key = userKey();
    key.session.userId = null;
    assert.equal(protection.accept(key, 1_000_000), true);
    key.session.userId = 'user';
    await protection.cover(key);
    assert.ok(key.windowReserved >= 1_000_000);
  });

  test('lets a key seal 2^20 payloads and no more', () => {
    const protection = new ReplayProtection({ reserve: async () => true, logger });
    const key = userKey();
    key.seals = maxSeals - 1;
    assert.equal(protection.countSeal(key), true);
    assert.equal(protection.countSeal(key), false);
  });
});
