import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Refusal } from '../../../src/core/errors.ts';
import { subject } from '../../../src/core/transaction-subjects.ts';
import { lockNumber } from '../../../src/store/postgres/subject-locks.ts';
import { skipWithoutPostgres } from '../../support/postgres.ts';
import { type CutProxy, startProxy } from './cut-proxy.ts';
import {
  type NodeStore,
  type Nodes,
  addRoom,
  addUser,
  countTo,
  numbersIn,
  openNode,
  send,
  startNodes,
} from './nodes.ts';

/** Long after silence is noticed, and long before a statement's time is over. */
const noticedMilliseconds = 10_000;

const isBusy = (error: unknown): boolean =>
  error instanceof Refusal && error.code === 'busy' && (error.members.retryAfter ?? 0) > 0;

describe('a PostgreSQL server that is slow to answer, or silent', { skip: skipWithoutPostgres }, () => {
  const patience = 400;
  const rooms = countTo(5).map((at) => `room-${at}`);
  let nodes: Nodes;
  let proxy: CutProxy;
  let store: NodeStore;
  before(async () => {
    nodes = await startNodes(1);
    proxy = await startProxy(nodes.database.url);
    store = await openNode(proxy.url, { patience, statement: 60_000 });
    await addUser(store, 'ada');
    for (const room of rooms) await addRoom(store, room, 'ada');
  });
  after(async () => {
    await store.close();
    await proxy.end();
    await nodes.end();
  });

  test('is noticed when everything on the way to it is lost, and served again after that', async (t) => {
    const warm = rooms.map((room) => send(store, room, 'ada', 'before'));
    await Promise.all([...warm, ...rooms.map((room) => store.read.rooms.byId(room))]);
    proxy.stall();
    const began = performance.now();
    const waiting = [
      ...rooms.map((room) => send(store, room, 'ada', 'lost')),
      ...rooms.map((room) => store.read.rooms.byId(room)),
      store.check(),
    ];
    for (const each of await Promise.allSettled(waiting))
      assert.ok(each.status === 'rejected' && isBusy(each.reason), JSON.stringify(each));
    const waited = performance.now() - began;
    t.diagnostic(`refused after ${Math.round(waited)} ms`);
    assert.ok(waited < noticedMilliseconds, `${waited} ms`);
    await assert.rejects(send(store, 'room-1', 'ada', 'lost too'), isBusy);
    await assert.rejects(store.read.users.byId('ada'), isBusy);
    await assert.rejects(store.check(), isBusy);
    await proxy.mend();
    const sendUntilBack = async (): Promise<{ seq: number }> => {
      for (;;) {
        const sent = await send(store, 'room-1', 'ada', 'after').catch((error: unknown) => {
          assert.ok(isBusy(error));
        });
        if (sent !== undefined) return sent;
      }
    };
    assert.equal((await sendUntilBack()).seq, 2);
    await store.check();
    assert.deepEqual(await numbersIn(store, 'room-1'), [1, 2]);
  });

  test('is not taken for silent where it only works on one thing for long', async () => {
    await nodes.database.query(
      `CREATE SEQUENCE tries;
       CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql
         AS 'BEGIN PERFORM nextval(''tries''); PERFORM pg_sleep(3); RETURN NEW; END';
       CREATE TRIGGER slow BEFORE INSERT ON facts FOR EACH ROW WHEN (NEW.name LIKE 'slow%') EXECUTE FUNCTION dawdle()`,
    );
    await store.transact('keepFact', { name: 'slow', value: Buffer.from('x') });
    proxy.takeNoMore();
    await store.transact('keepFact', { name: 'slow and full', value: Buffer.from('x') });
    proxy.takeMore();
    assert.deepEqual(await nodes.database.query("SELECT nextval('tries')::int AS next"), [{ next: 3 }]);
  });

  test('lets nobody wait for a turn while all whose turn it is get no answer', async () => {
    const held = rooms.slice(0, 4);
    const locks = held.map((room) => `SELECT pg_advisory_xact_lock(${lockNumber(subject.room(room))})`);
    const holder = await nodes.database.connect();
    await holder.query(`BEGIN; ${locks.join('; ')}`);
    let isHeld = true;
    const first = Promise.all(
      held.map(async (room) => {
        await send(store, room, 'ada', 'held');
        assert.ok(!isHeld, 'it waited');
      }),
    );
    await assert.rejects(send(store, 'room-5', 'ada', 'behind'), isBusy);
    isHeld = false;
    await holder.query('COMMIT');
    await first;
    assert.ok((await send(store, 'room-5', 'ada', 'again')).seq > 0);
  });
});
