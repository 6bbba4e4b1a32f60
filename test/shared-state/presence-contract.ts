import assert from 'node:assert/strict';
import { type TestContext, describe, test } from 'node:test';
import type { Leases, SharedPresence } from '../../src/core/nodes/shared-presence.ts';

/** Two nodes that share presence and names. */
export interface PresenceUnderTest {
  readonly a: { readonly id: string; readonly presence: SharedPresence; readonly leases: Leases };
  readonly b: { readonly id: string; readonly presence: SharedPresence; readonly leases: Leases };
  /** Lets it be known no longer that a node lives which does not beat. */
  readonly outliveNodes: () => Promise<void>;
  /** Lets the time run out in which users of a dead node may come back. */
  readonly outliveReturn: () => Promise<void>;
  /** Lets leases run out that are not renewed. */
  readonly outliveLeases: () => Promise<void>;
  /** Loses everything. */
  readonly forget: () => Promise<void>;
}

/** What everything has to do by which nodes share who is online. */
export function presenceContract(
  name: string,
  skip: string | false,
  make: (t: TestContext) => Promise<PresenceUnderTest>,
): void {
  describe(`presence shared ${name}`, { skip }, () => {
    test('knows who is on any node, and who was there before', async (t) => {
      const { a, b } = await make(t);
      await Promise.all([a.presence.beat(), b.presence.beat()]);
      assert.equal(await a.presence.enter('ada'), false);
      assert.equal(await b.presence.enter('ada'), true, 'on the other node');
      assert.equal(await b.presence.enter('bert'), false);
      for (const { presence } of [a, b]) {
        assert.deepEqual(
          await presence.onlineAmong(['bert', 'nobody', 'ada']).then((set) => [...set].sort()),
          ['ada', 'bert'],
        );
        assert.deepEqual((await presence.some(9)).sort(), ['ada', 'bert']);
        assert.equal((await presence.some(1)).length, 1);
        assert.deepEqual(await presence.some(0), []);
      }
      assert.equal(await a.presence.leave('ada'), true, 'still on the other one');
      assert.ok((await a.presence.onlineAmong(['ada'])).has('ada'));
      assert.equal(await b.presence.leave('ada'), false);
      assert.equal((await a.presence.onlineAmong(['ada'])).size, 0);
      assert.equal(await a.presence.total(), 1);
    });

    test('lists many users, each once', async (t) => {
      const { a, b } = await make(t);
      await Promise.all([a.presence.beat(), b.presence.beat()]);
      const ids = Array.from({ length: 500 }, (_, at) => `user ${at}`);
      await Promise.all(ids.map((id, at) => (at % 2 === 0 ? a : b).presence.enter(id)));
      assert.deepEqual((await a.presence.some(1_000)).sort(), ids.toSorted());
      assert.equal((await a.presence.onlineAmong(ids)).size, 500);
      assert.equal(await b.presence.total(), 500);
    });

    test('forgets the users of a node that beats no more, and names each once as gone', async (t) => {
      const { a, b, outliveNodes, outliveReturn } = await make(t);
      await Promise.all([a.presence.beat(), b.presence.beat()]);
      for (const id of ['ada', 'bert', 'carl']) await a.presence.enter(id);
      await b.presence.enter('carl');
      assert.deepEqual([...(await b.presence.beat()).live].sort(), [a.id, b.id].sort());
      await outliveNodes();
      const { live, departed } = await b.presence.beat();
      assert.deepEqual([[...live], departed], [[b.id], []], 'they may come back yet');
      assert.deepEqual([...(await b.presence.onlineAmong(['ada', 'carl']))], ['carl']);
      assert.equal(await b.presence.enter('bert'), true, 'nobody was told that they had gone');
      await outliveReturn();
      const swept = [await b.presence.beat(), await b.presence.beat()];
      assert.deepEqual(
        swept.flatMap((beat) => beat.departed),
        ['ada'],
      );
    });

    test('forgets the users of a node that withdraws at once', async (t) => {
      const { a, b } = await make(t);
      await Promise.all([a.presence.beat(), b.presence.beat()]);
      await a.presence.enter('ada');
      await a.presence.withdraw();
      assert.equal((await b.presence.onlineAmong(['ada'])).size, 0);
      assert.deepEqual([...(await b.presence.beat()).live], [b.id]);
    });

    test('is whole again after the next beat when everything was lost', async (t) => {
      const { a, b, forget } = await make(t);
      await Promise.all([a.presence.beat(), b.presence.beat()]);
      const ids = Array.from({ length: 50 }, (_, at) => `user ${at}`);
      for (const id of ids) await a.presence.enter(id);
      await forget();
      assert.equal((await b.presence.onlineAmong(ids)).size, 0);
      await a.presence.beat();
      assert.equal((await b.presence.onlineAmong(ids)).size, 50);
    });

    test('counts who listens to a room on each node', async (t) => {
      const { a, b, outliveNodes } = await make(t);
      await Promise.all([a.presence.beat(), b.presence.beat()]);
      await a.presence.beat();
      await a.presence.setCounts(new Map([['room', 3]]));
      await b.presence.setCounts(new Map([['room', 4]]));
      const counts = await a.presence.counts(['room', 'other']);
      assert.deepEqual(
        counts.get('room'),
        new Map([
          [a.id, 3],
          [b.id, 4],
        ]),
      );
      assert.equal(counts.get('other')?.size ?? 0, 0);
      await b.presence.setCounts(new Map([['room', 0]]));
      assert.equal((await a.presence.counts(['room'])).get('room')?.size, 1);
      await outliveNodes();
      await b.presence.beat();
      assert.equal((await b.presence.counts(['room'])).get('room')?.size ?? 0, 0, 'of a dead node');
    });

    test('gives a name to one node at a time, until it is given back or the node dies', async (t) => {
      const { a, b, outliveLeases } = await make(t);
      assert.equal(await a.leases.take('name', null), true);
      assert.equal(await a.leases.take('name', null), true, 'it has it already');
      assert.equal(await b.leases.take('name', null), false);
      await b.leases.release('name');
      assert.equal(await b.leases.take('name', null), false, 'what is not its own it does not give back');
      await a.leases.release('name');
      assert.equal(await b.leases.take('name', null), true);
      await outliveLeases();
      assert.equal(await a.leases.take('name', null), true, 'it was not renewed');
    });

    test('keeps a name for a node that beats', async (t) => {
      const { a, b, outliveNodes } = await make(t);
      assert.equal(await a.leases.take('kept', null), true);
      for (let beat = 0; beat < 3; beat++) {
        await outliveNodes();
        await a.leases.beat();
      }
      assert.equal(await b.leases.take('kept', null), false);
    });
  });
}
