import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sleep } from '../../src/client/waiting.ts';
import { ada, listenersOf, withClient } from './connected.ts';
import { Following, numbersTo } from './following.ts';
import { eventOf } from './protocol-rooms.ts';

/** Counts the timers of the client that are pending while the work is done; returns how many are left. */
async function timersLeftBy(work: () => Promise<void>): Promise<number> {
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const pending = new Set<unknown>();
  globalThis.setTimeout = ((run: () => void, milliseconds: number) => {
    const timer = set(() => {
      pending.delete(timer);
      run();
    }, milliseconds);
    if (new Error().stack?.includes('/client/waiting.') === true) pending.add(timer);
    return timer;
  }) as unknown as typeof setTimeout;
  globalThis.clearTimeout = ((timer: NodeJS.Timeout) => {
    pending.delete(timer);
    clear(timer);
  }) as typeof clearTimeout;
  try {
    await work();
    return pending.size;
  } finally {
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  }
}

describe('who has had enough of events', () => {
  test('gets their own reason, wherever it waits, and leaves nothing behind', async () => {
    await withClient({ platform: { sleep } }, async ({ server, client }) => {
      await client.register(ada);
      const reason = new Error('enough');
      const abortIn = async (prepare: () => void, arrival: () => Promise<unknown>): Promise<void> => {
        const controller = new AbortController();
        prepare();
        const following = new Following(client, { signal: controller.signal });
        const left = await timersLeftBy(async () => {
          const waiting = assert.rejects(following.until('typing'), (error) => error === reason);
          await arrival();
          controller.abort(reason);
          await waiting;
        });
        assert.equal(left, 0, 'timers');
        assert.equal(listenersOf(controller.signal), 0, 'listeners');
        assert.equal((await following.iterator.next()).done, true);
      };
      await abortIn(
        () => {},
        async () => {
          const stream = await server.stream(0);
          await server.arrival('/list_rooms');
          stream.send({ kind: 'presence', username: 'bert', online: true });
        },
      );
      await server.streams[0]!.closed;
      await abortIn(
        () => server.misbehave('/events', 'hang'),
        () => server.arrival('/events'),
      );
      await abortIn(
        () => server.misbehave('/list_rooms', 'hang'),
        () => server.arrival('/list_rooms'),
      );
      await server.streams[1]!.closed;
      const away = { clear: '', status: 503, headers: { 'Retry-After': '20' } };
      await abortIn(
        () => server.misbehave('/events', away),
        () => server.arrival('/events'),
      );
      const gone = new Following(client, { signal: AbortSignal.abort(reason) });
      await assert.rejects(gone.iterator.next(), (error) => error === reason);
    });
  });

  test('closes the stream at once, though it never asks again', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      const controller = new AbortController();
      const following = new Following(client, { signal: controller.signal });
      await following.until('connected');
      controller.abort();
      await server.streams[0]!.closed;
    });
  });

  test('leaves the loop, and the stream is closed', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      for await (const event of client.events()) if (event.kind === 'connected') break;
      await server.streams[0]!.closed;
      const following = new Following(client);
      await following.until('connected');
      const waiting = following.iterator.next();
      await following.end();
      assert.equal((await waiting).done, true);
      await server.streams[1]!.closed;
      assert.equal(server.count('/events'), 2);
    });
  });
});

describe('who reads slowly', () => {
  test('holds the server back, and finds in the history what it did not wait for', async () => {
    await withClient({}, async ({ server, client }) => {
      await client.register(ada);
      server.rooms.room('hall');
      const following = new Following(client);
      await following.until('connected');
      const [stream] = server.streams;
      server.rooms.say('hall', 'read');
      await following.message('hall', 1);
      const text = 'x'.repeat(60_000);
      const before = process.memoryUsage().arrayBuffers;
      let taken = 0;
      // Until nothing more is taken for a while: what is in between holds some megabytes.
      for (let isTaken = true; isTaken && taken < 1_000; taken++) {
        const block = stream!.block(eventOf(server.rooms.say('hall', text, true)));
        isTaken = stream!.write(block) || (await stream!.drains(500));
      }
      assert.ok(taken < 400, `${taken} events of 80 kB were taken by somebody who reads none`);
      assert.ok(process.memoryUsage().arrayBuffers - before < 32 * 1024 * 1024);
      stream!.cut();
      const last = server.rooms.say('hall', 'last', true).seq;
      await following.message('hall', last);
      assert.deepEqual(following.ledger('hall'), numbersTo(last));
      await following.end();
    });
  });
});
