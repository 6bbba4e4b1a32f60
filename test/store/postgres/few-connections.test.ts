import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Refusal } from '../../../src/core/errors.ts';
import { StoreOpenError } from '../../../src/store/open-error.ts';
import { skipWithoutPostgres } from '../../support/postgres.ts';
import { until } from '../../support/test-server.ts';
import { type CutProxy, startProxy } from './cut-proxy.ts';
import {
  type NodeStore,
  type Nodes,
  addRoom,
  addUser,
  countTo,
  openNode,
  send,
  startNodes,
} from './nodes.ts';

const isBusy = (error: unknown): boolean =>
  error instanceof Refusal && error.code === 'busy' && (error.members.retryAfter ?? 0) > 0;

describe('a PostgreSQL server that takes no more connections', { skip: skipWithoutPostgres }, () => {
  const rooms = countTo(20).map((at) => `room-${at}`);
  let nodes: Nodes;
  let proxy: CutProxy;
  let store: NodeStore;
  before(async () => {
    nodes = await startNodes(1);
    proxy = await startProxy(nodes.database.url);
    store = await openNode(proxy.url, { patience: 400 });
    await addUser(store, 'ada');
    for (const room of rooms) await addRoom(store, room, 'ada');
    await store.read.users.byId('ada');
  });
  after(async () => {
    await store.close();
    await proxy.end();
    await nodes.end();
  });

  const useAll = () =>
    Promise.all([
      ...rooms.map((room) => send(store, room, 'ada', 'hello')),
      ...rooms.map((room) => store.read.rooms.byId(room)),
      store.check(),
    ]);

  test('is used over those that are open already, and over more when it has some', async () => {
    const few = proxy.count;
    proxy.takeNoMore();
    for (let round = 0; round < 5; round++) await useAll();
    assert.equal(proxy.count, few);
    proxy.takeMore();
    await until(async () => {
      await useAll();
      return proxy.count >= few + 4 || undefined;
    }, 'more connections');
  });

  test('is no reason to wait where none is open, and none to stay away', async () => {
    proxy.takeNoMore();
    await nodes.database.cutOff();
    await until(async () => proxy.count === 0 || undefined, 'an end of all connections');
    await assert.rejects(send(store, 'room-1', 'ada', 'x'), isBusy);
    await assert.rejects(store.read.users.byId('ada'), isBusy);
    await assert.rejects(store.check(), isBusy);
    const opening = openNode(proxy.url).catch((error: unknown) => error);
    const error = await opening;
    assert.ok(error instanceof StoreOpenError && /takes no more connections/.test(error.message));
    proxy.takeMore();
    await until(
      () =>
        useAll().then(
          () => true,
          (reason: unknown) => (isBusy(reason) ? undefined : assert.fail(String(reason))),
        ),
      'connections again',
    );
  });
});
