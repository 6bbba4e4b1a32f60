import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as fc from 'fast-check';
import { ReplayWindow } from '../../../src/core/sessions/replay-window.ts';
import { maxSeals } from '../../../src/core/sessions/session.ts';
import type { SharedSessions } from '../../../src/core/sessions/shared-sessions.ts';
import type { Redis } from '../../../src/shared-state/redis/redis.ts';
import { RedisSessions } from '../../../src/shared-state/redis/sessions/redis-sessions.ts';
import { systemClock } from '../../../src/system-clock.ts';

const idle = 60_000;
const last = Number.MAX_SAFE_INTEGER;
let keys = 0;

/** Opens a window. @returns the id of its key */
export async function opened(sessions: SharedSessions, anonymous: Buffer | null = null): Promise<string> {
  const id = `key-${keys++}`;
  await sessions.open({ id, anonymous, place: null, idle });
  return id;
}

/** @param connect to a Redis that is up */
export function windowsContract(name: string, skip: string | false, connect: () => Promise<Redis>): void {
  describe(`a replay window ${name}`, { skip }, () => {
    let redis: Redis;
    let sessions: RedisSessions;
    before(async () => {
      redis = await connect();
      sessions = new RedisSessions(redis, systemClock);
    });
    after(() => redis.stop());

    const accepts = async (id: string, seq: number): Promise<boolean> => {
      const acceptance = await sessions.accept(id, seq, { seals: 1, idle });
      assert.notEqual(acceptance.kind, 'void');
      return acceptance.kind === 'accepted';
    };

    // Around the edges of words and of the ring, and where numbers need more than 32 bits.
    const step = fc.oneof(
      fc.integer({ min: -2100, max: 2100 }),
      fc.integer({ min: -40, max: 40 }),
      fc.constantFrom(1, 31, 32, 33, -2015, -2016, -2017, -2047, -2048, 2047, 2048, 2049, 2 ** 31, 2 ** 40),
    );

    test('accepts just what the window in memory accepts', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(1, 1000, 2 ** 32 - 5, 2 ** 48, last - 5000),
          fc.array(step, { maxLength: 120 }),
          async (first, steps) => {
            const id = await opened(sessions);
            const window = new ReplayWindow();
            const numbers = [first];
            for (const each of steps) {
              numbers.push(Math.min(last, Math.max(1, Math.max(window.highest, first) + each)));
            }
            // One connection keeps the order, so none of them has to be waited for.
            const replies = await Promise.all(
              numbers.map((seq) => sessions.accept(id, seq, { seals: 1, idle })),
            );
            for (const [at, reply] of replies.entries()) {
              const fresh = window.testAndSet(numbers[at] ?? 0);
              assert.equal(reply.kind, fresh ? 'accepted' : 'replayed', `number ${numbers[at]}, the ${at}th`);
              assert.equal('highest' in reply ? reply.highest : null, window.highest);
            }
          },
        ),
        { numRuns: 60 },
      );
    });

    test('walks through several rings as the window in memory does', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 200, maxLength: 400 }), async (steps) => {
          const id = await opened(sessions);
          const window = new ReplayWindow();
          let seq = 1;
          const asked: { seq: number; fresh: boolean }[] = [];
          for (const each of steps) {
            seq = Math.min(last, Math.max(1, seq + each));
            asked.push({ seq, fresh: window.testAndSet(seq) });
          }
          const replies = await Promise.all(asked.map((each) => accepts(id, each.seq)));
          assert.deepEqual(
            replies,
            asked.map(({ fresh }) => fresh),
          );
        }),
        { numRuns: 20 },
      );
    });

    test('accepts each number once, whoever is first', async () => {
      const id = await opened(sessions);
      const tries = Array.from({ length: 1000 }, (_, at) => (at % 100) + 1);
      const accepted = await Promise.all(tries.map((seq) => accepts(id, seq)));
      assert.equal(accepted.filter(Boolean).length, 100);
    });

    test('takes the greatest number there is, and tells it exactly', async () => {
      const id = await opened(sessions);
      assert.equal(await accepts(id, last), true);
      const again = await sessions.accept(id, last, { seals: 1, idle });
      assert.ok(again.kind === 'replayed' && again.highest === last);
      assert.equal(await accepts(id, last - 1), true);
      assert.equal(await accepts(id, last - 1), false);
    });

    test('counts what is sealed, and is void when a key has sealed all it may', async () => {
      const id = await opened(sessions);
      assert.equal(await sessions.countSeals(id, { seals: maxSeals - 2, idle }), true);
      assert.equal(await accepts(id, 1), true);
      assert.equal(await sessions.countSeals(id, { seals: 2, idle }), false);
      const full = await sessions.accept(id, 1, { seals: 1, idle });
      assert.ok(full.kind === 'replayed' && full.seals === maxSeals);
      assert.deepEqual(await sessions.accept(id, 2, { seals: 1, idle }), { kind: 'void' });
    });

    test('is void for a key that was never opened, or was ended', async () => {
      assert.deepEqual(await sessions.accept('nobody', 1, { seals: 1, idle }), { kind: 'void' });
      assert.equal(await sessions.read('nobody'), null);
      assert.equal(await sessions.countSeals('nobody', { seals: 1, idle }), false);
      const place = { sessionId: 's', userId: 'u', endsAt: Date.now() + 60_000 };
      await sessions.logIn(['nobody'], place, { previousUserId: null, idle, now: Date.now() });
      await sessions.retire('nobody', Date.now() + 60_000);
      assert.deepEqual(await sessions.accept('nobody', 1, { seals: 1, idle }), { kind: 'void' });
      const id = await opened(sessions);
      await sessions.end([id]);
      assert.deepEqual(await sessions.accept(id, 1, { seals: 1, idle }), { kind: 'void' });
    });

    test('is void after its idle time, which requests put off and replays do not', async () => {
      const id = await opened(sessions);
      const key = redis.key('session', id);
      const rest = async (): Promise<number> => Number(await redis.command(['PTTL', key]));
      await redis.command(['PEXPIRE', key, '5000']);
      assert.equal(await accepts(id, 1), true);
      assert.ok((await rest()) > 50_000);
      await redis.command(['PEXPIRE', key, '5000']);
      assert.equal(await accepts(id, 1), false);
      assert.ok((await rest()) <= 5_000);
      await sessions.countSeals(id, { seals: 0, idle });
      assert.ok((await rest()) > 50_000);
    });

    test('keeps the session beside it until somebody logs in, and then counts versions', async () => {
      const sealed = Buffer.from([0, 1, 254, 255]);
      const id = await opened(sessions, sealed);
      assert.deepEqual(await sessions.read(id), { version: 0, anonymous: sealed, retiresAt: null });
      const place = { sessionId: 's', userId: 'u', endsAt: Date.now() + 60_000 };
      await sessions.logIn([id], place, { previousUserId: null, idle, now: Date.now() });
      assert.deepEqual(await sessions.read(id), { version: 1, anonymous: null, retiresAt: null });
      const acceptance = await sessions.accept(id, 1, { seals: 1, idle });
      assert.ok(acceptance.kind === 'accepted' && acceptance.version === 1);
    });

    test('ends a retired key at its time, whatever is done with it', async () => {
      const id = await opened(sessions);
      const retiresAt = Date.now() + 30_000;
      await sessions.retire(id, retiresAt);
      await sessions.accept(id, 1, { seals: 1, idle: 3_600_000 });
      await sessions.countSeals(id, { seals: 1, idle: 3_600_000 });
      assert.deepEqual(await sessions.read(id), { version: 1, anonymous: null, retiresAt });
      assert.ok(Number(await redis.command(['PTTL', redis.key('session', id)])) <= 30_000);
    });

    test('ends the chosen sessions of a user, and no others', async () => {
      const place = { userId: 'many', endsAt: Date.now() + 60_000 };
      const options = { previousUserId: null, idle, now: Date.now() };
      const ids = [await opened(sessions), await opened(sessions), await opened(sessions)];
      await sessions.logIn(ids.slice(0, 2), { ...place, sessionId: 'one' }, options);
      await sessions.logIn(ids.slice(2), { ...place, sessionId: 'two' }, options);
      await sessions.endOfUser('many', (sessionId) => sessionId !== 'two');
      const alive = await Promise.all(ids.map((id) => sessions.read(id)));
      assert.deepEqual(
        alive.map((each) => each !== null),
        [false, false, true],
      );
      await sessions.logIn(
        ids.slice(2),
        { ...place, userId: 'other', sessionId: 'two' },
        {
          ...options,
          previousUserId: 'many',
        },
      );
      await sessions.endOfUser('many', () => true);
      assert.notEqual(await sessions.read(ids[2] ?? ''), null, 'it is the other user’s now');
      await sessions.endOfUser('other', () => true);
      assert.equal(await sessions.read(ids[2] ?? ''), null);
    });
  });
}
