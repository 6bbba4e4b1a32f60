import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LetterlockError, type Platform } from '../../src/client/index.ts';
import { sleep } from '../../src/client/waiting.ts';
import { connectionCount, sum } from '../support/across-nodes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { startTestServer, until } from '../support/test-server.ts';
import { Following, numbersTo } from './following.ts';
import { type Here, newUser } from './sdk-users.ts';

/** Runs a test with a server of its own. */
async function withServer(
  run: (here: Here) => Promise<void>,
  ...start: Parameters<typeof startTestServer>
): Promise<void> {
  const here: Here = { server: await startTestServer(...start) };
  try {
    await run(here);
  } finally {
    await here.server.end();
  }
}

/** Nobody waits for long in a test. */
const impatient: Partial<Platform> = {
  sleep: (milliseconds, signal) => sleep(Math.min(milliseconds, 20), signal),
};

describe('following the events of a real server', () => {
  test('brings what is said, done and typed, and rooms that are joined meanwhile', async () => {
    await withServer(async (here) => {
      const ada = await newUser(here, 'ada');
      const bert = await newUser(here, 'bert');
      const following = new Following(ada);
      await following.until('connected');
      await ada.rooms.create({ room: 'Garten', kind: 'invite' });
      await ada.rooms.invite({ room: 'Garten', username: 'bert' });
      await bert.rooms.join('Garten');
      await following.until('member_joined', ({ username }) => username === 'bert');
      await bert.messages.setTyping({ room: 'Garten', typing: true });
      await following.until('typing', ({ username, typing }) => username === 'bert' && typing);
      const { room, seq } = await bert.messages.send({ room: 'Garten', message: 'hello' });
      assert.equal((await following.message(room, seq)).message, 'hello');
      await ada.messages.markRead({ room, seq });
      await following.until('message_read', (read) => read.username === 'ada' && read.seq === seq);
      const berts = new Following(bert);
      await berts.until('connected');
      await following.until('presence', ({ username, online }) => username === 'bert' && online);
      const direct = await bert.messages.send({ to: 'ada', message: 'just you' });
      assert.equal((await following.message(direct.room, 1)).with, 'bert');
      await berts.end();
      await following.end();
    });
  });

  test('goes on after a restart, with all that was said and edited around it', async () => {
    await withServer(async (here) => {
      const ada = await newUser(here, 'ada');
      const bert = await newUser(here, 'bert', { platform: impatient });
      const { room } = await ada.rooms.create({ room: 'Garten', kind: 'open' });
      await bert.rooms.join(room);
      const following = new Following(bert);
      await following.until('connected');
      await ada.messages.send({ room, message: 'one' });
      await following.message(room, 1);
      await ada.messages.send({ room, message: 'two' });
      here.server = await here.server.restart();
      await ada.messages.edit({ room, seq: 1, message: 'ONE' });
      for (const message of ['three', 'four']) await ada.messages.send({ room, message });
      await following.message(room, 4);
      await following.until('connected');
      await ada.messages.send({ room, message: 'five' });
      await following.message(room, 5);
      assert.deepEqual(
        following.ledger(room).filter((entry) => entry !== '1:ONE'),
        numbersTo(5),
      );
      assert.equal(following.ledger(room).filter((entry) => entry === '1:ONE').length, 1);
      assert.ok(following.seen.some(({ kind }) => kind === 'shutdown'));
      await following.end();
    });
  });

  test('goes on when its key has retired', async () => {
    const clock = new ManualClock();
    const overrides = { clock, timers: clock };
    await withServer(
      async (here) => {
        const ada = await newUser(here, 'ada');
        const { room } = await ada.rooms.create({ room: 'Garten', kind: 'open' });
        const following = new Following(ada);
        await following.until('connected');
        await ada.rotate();
        await ada.messages.send({ room, message: 'under the new key' });
        await following.message(room, 1);
        const connected = following.until('connected');
        const streams = () => sum(here.server, ({ core }) => core.hub.counts.deliveries.get('events') ?? 0);
        const before = streams();
        // Time passes until the old key is looked at and its stream ended.
        let isOpen = false;
        void connected.then(() => (isOpen = true));
        await until(async () => {
          clock.advance(5_000);
          return isOpen ? true : undefined;
        }, 'another stream');
        await ada.messages.send({ room, message: 'in the next stream' });
        await following.message(room, 2);
        assert.deepEqual(following.ledger(room), numbersTo(2));
        assert.ok(streams() > before);
        await following.end();
      },
      {},
      overrides,
    );
  });

  test('ends with a ban, and says why', async () => {
    await withServer(async (here) => {
      const ada = await newUser(here, 'ada');
      const following = new Following(ada);
      await following.until('connected');
      const end = following.until('shutdown');
      const ban = { kind: 'ban', target: { username: 'ada' }, reason: 'spam', until: null } as const;
      const isToldWhy = (error: unknown): boolean =>
        error instanceof LetterlockError &&
        error.code === 'banned' &&
        error.reason === 'spam' &&
        error.sealed;
      const told = assert.rejects(end, isToldWhy);
      await here.server.core.moderation.impose('console', ban);
      await told;
      await assert.rejects(new Following(ada).iterator.next(), isToldWhy);
    });
  });

  test('waits for who reads slowly, who misses nothing though they are cut off', async () => {
    await withServer(async (here) => {
      const ada = await newUser(here, 'ada');
      const bert = await newUser(here, 'bert', { platform: impatient });
      const { room } = await ada.rooms.create({ room: 'Garten', kind: 'open' });
      await bert.rooms.join(room);
      const following = new Following(bert);
      await following.until('connected');
      const message = 'x'.repeat(60_000);
      let sent = 0;
      // What lies in the sockets between the two has to be filled first.
      while (connectionCount(here.server) > 0 && sent < 500) {
        const { seq } = await ada.messages.send({ room, message });
        sent = seq;
      }
      assert.ok(sent < 500, 'it was never cut off');
      await following.message(room, sent);
      assert.deepEqual(following.ledger(room), numbersTo(sent));
      await following.end();
    });
  });
});
