import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Refusal } from '../../../src/core/errors.ts';
import type { MessageView } from '../../../src/core/live/events.ts';
import { CatchUp } from '../../../src/gateways/rooms/catch-up.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { passwordOf, registered } from '../../support/sealed-client.ts';
import { startTestServer } from '../../support/test-server.ts';
import { RoomsClient } from './rooms-client.ts';

/** Rooms with five messages each, of which a room may refuse to be read. */
function catchUpOf(refusals: Map<string, unknown>) {
  const clock = new ManualClock();
  const shown: string[] = [];
  const faults: unknown[] = [];
  const catchUp = new CatchUp({
    timers: clock,
    whenSent: async () => true,
    show: ({ roomId, seq }) => shown.push(`${roomId} ${seq}`),
    onFault: (error) => faults.push(error),
    read: async (roomId, after) => {
      // The second page is where it begins to go wrong.
      if (after >= 2 && refusals.has(roomId)) throw refusals.get(roomId);
      const seqs = [1, 2, 3, 4, 5, 6].filter((seq) => seq > after && (after >= 2 || seq <= 2));
      return seqs.map((seq) => ({ roomId, seq })) as unknown as MessageView[];
    },
  });
  const unread = ['a', 'b', 'c'].map((roomId) => ({ roomId, after: 0, upTo: 5 }));
  catchUp.add(unread);
  const settled = async (): Promise<void> => {
    for (let at = 0; at < 20; at++) await turn();
  };
  const all = (roomId: string, from = 1): string[] =>
    [1, 2, 3, 4, 5, 6].filter((seq) => seq >= from).map((seq) => `${roomId} ${seq}`);
  return { catchUp, clock, shown, faults, run: () => catchUp.run(unread), settled, all };
}

describe('a room that cannot be read while a user is caught up with', () => {
  for (const [what, error, faults] of [
    ['busy', new Refusal('busy'), 0],
    ['broken', new Error('no disk'), 1],
  ] as const) {
    test(`stays behind while it is ${what}, and does not keep the others`, async () => {
      const refusals = new Map<string, unknown>([['a', error]]);
      const { catchUp, clock, shown, faults: told, run, settled, all } = catchUpOf(refusals);
      const done = run();
      await settled();
      assert.deepEqual(shown, ['a 1', 'a 2', ...all('b'), ...all('c')]);
      assert.equal(catchUp.defers('a', 6), true, 'what is said now waits');
      assert.equal(catchUp.defers('b', 7), false);
      clock.advance(1_000);
      await settled();
      clock.advance(1_999);
      await settled();
      refusals.clear();
      await settled();
      assert.equal(shown.length, 14);
      clock.advance(1);
      await done;
      assert.deepEqual(shown.slice(14), all('a', 3));
      assert.equal(catchUp.defers('a', 7), false);
      assert.equal(told.length, faults, 'a fault is told once');
    });
  }

  test('is let go where the user is no member any more', async () => {
    const { catchUp, shown, run, all } = catchUpOf(new Map([['a', new Refusal('removed_from_room')]]));
    await run();
    assert.deepEqual(shown, ['a 1', 'a 2', ...all('b'), ...all('c')]);
    assert.equal(catchUp.defers('a', 6), false);
  });

  test('is not tried again once the connection has ended', async () => {
    const refusals = new Map([['a', new Refusal('busy')]]);
    const { catchUp, clock, shown, run, settled } = catchUpOf(refusals);
    const done = run();
    await settled();
    catchUp.stop();
    await done;
    refusals.clear();
    clock.advance(600_000);
    await settled();
    assert.equal(shown.length, 14);
  });

  test('leaves nothing of any room unread for good', async () => {
    const server = await startTestServer({ LISTEN_ROOMS: 'tcp://127.0.0.1:0' });
    try {
      const url = server.gatewayUrls['rooms']!;
      const speaker = await registered(server.url, 'speaker');
      const away = await RoomsClient.signedUp(url, 'away');
      const rooms = ['first', 'second', 'third'];
      for (const room of rooms) {
        await speaker.must('/create_room', { room, kind: 'open' });
        away.send({ type: 'pending_room', room });
        await away.next();
      }
      await away.leave();
      for (const room of rooms) await speaker.must('/send_message', { room, message: 'missed' });
      let tries = 0;
      const ids = await Promise.all(rooms.map((room) => server.store.read.rooms.byNameKey(room)));
      for (const { core } of server.nodes) {
        const { listMessages } = core;
        core.listMessages = async (caller, query) => {
          const { place } = query;
          if ('room' in place && place.room === ids[0]?.id) throw new Refusal('removed_from_room');
          if ('room' in place && place.room === ids[1]?.id && ++tries === 1) throw new Refusal('busy');
          return listMessages(caller, query);
        };
      }
      const back = await RoomsClient.open(url);
      back.send({ type: 'signin', username: 'away', password: passwordOf('away') });
      await back.next();
      const said = (room: string, message: string): string =>
        `{"type":"public","room":"${room}","user":"speaker","message":"${message}"}`;
      await back.expect(said('third', 'missed'));
      await speaker.must('/send_message', { room: 'second', message: 'live' });
      await back.expect(said('second', 'missed'), said('second', 'live'));
      await back.leave();
      assert.doesNotMatch(server.log(), /"level":"error"/);
    } finally {
      await server.end();
    }
  });
});
