import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Refusal } from '../../../src/core/errors.ts';
import { StoreFailure } from '../../../src/core/store.ts';
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

const isAway = (error: unknown): boolean =>
  error instanceof Refusal && error.code === 'busy' && (error.members.retryAfter ?? 0) > 0;

describe('a PostgreSQL server that goes away', { skip: skipWithoutPostgres }, () => {
  const patience = 400;
  let nodes: Nodes;
  let proxy: CutProxy;
  let store: NodeStore;
  before(async () => {
    nodes = await startNodes(1);
    proxy = await startProxy(nodes.database.url);
    store = await openNode(proxy.url, { patience });
    await addUser(store, 'ada');
    for (const room of ['killed', 'lost', 'away']) await addRoom(store, room, 'ada');
  });
  after(async () => {
    await store.close();
    await proxy.end();
    await nodes.end();
  });

  test('has kept every message it acknowledged, each once, when connections are ended under way', async () => {
    const acknowledged = new Map<string, number>();
    const unclear = new Set<string>();
    const sendUntilTold = async (text: string): Promise<void> => {
      for (;;) {
        try {
          acknowledged.set(text, (await send(store, 'killed', 'ada', text, text)).seq);
          return;
        } catch (error) {
          // Done before under this name: by an attempt of which nobody knew.
          if (unclear.has(text) && error instanceof Refusal && error.code === 'busy') {
            if ((await store.read.idempotency.find('user:ada', text)) !== null) return;
          } else if (!isAway(error)) assert.ok(error instanceof StoreFailure, String(error));
          unclear.add(text);
        }
      }
    };
    let isOver = false;
    const killing = (async () => {
      while (!isOver) {
        await nodes.database.cutOff();
        await store.read.rooms.byId('killed');
      }
    })();
    const texts = countTo(60).map(String);
    for (let at = 0; at < texts.length; at += 12)
      await Promise.all(texts.slice(at, at + 12).map(sendUntilTold));
    isOver = true;
    await killing;
    assert.deepEqual(await numbersIn(store, 'killed'), countTo(texts.length));
    assert.equal(new Set(acknowledged.values()).size, acknowledged.size);
  });

  test('is used again over new connections when all of them have died', async () => {
    await Promise.all(countTo(8).map((at) => store.read.facts.find(`${at}`)));
    await nodes.database.cutOff();
    assert.equal(await store.read.facts.find('none'), null);
    await nodes.database.cutOff();
    assert.ok((await send(store, 'away', 'ada', 'after all died')).seq > 0);
    await nodes.database.cutOff();
    await store.check();
  });

  test('does not make an acknowledgement of a commit whose answer was lost', async () => {
    proxy.loseNextCommit();
    await assert.rejects(send(store, 'lost', 'ada', 'once', 'the-same'), isAway);
    // The server may still be at it.
    await assert.rejects(send(store, 'lost', 'ada', 'once', 'the-same'), isAway);
    assert.deepEqual(await numbersIn(store, 'lost'), [1]);
  });

  test('asks nobody to try again what would then be done twice', async () => {
    proxy.loseNextCommit();
    await assert.rejects(send(store, 'lost', 'ada', 'without a name'), (error) => {
      assert.ok(error instanceof StoreFailure);
      assert.match(String(error.cause), /nobody knows/);
      return true;
    });
    assert.deepEqual(await numbersIn(store, 'lost'), [1, 2]);
  });

  test('is waited for a while, then not any longer, and served again when it is back', async () => {
    await proxy.cut();
    const began = performance.now();
    await assert.rejects(send(store, 'away', 'ada', 'x'), isAway);
    const waited = performance.now() - began;
    assert.ok(waited >= patience && waited < patience + 2_000, `${waited} ms`);
    await assert.rejects(store.read.users.byId('ada'), isAway);
    await assert.rejects(store.check());
    const results = Promise.allSettled(countTo(50).map((at) => send(store, 'away', 'ada', `${at}`)));
    for (const result of await results) assert.ok(result.status === 'rejected' && isAway(result.reason));
    const patient = openNode(proxy.url).then(
      () => assert.fail('it is away'),
      (error: unknown) => error,
    );
    assert.match(String(await patient), /cannot be reached/);
    await proxy.mend();
    for (;;) {
      const back = await send(store, 'away', 'ada', 'back').catch((error: unknown) => {
        assert.ok(isAway(error));
        return null;
      });
      if (back !== null) break;
    }
    await store.check();
    const numbers = await numbersIn(store, 'away');
    assert.deepEqual(numbers, countTo(numbers.length), 'what was refused has taken no number');
  });

  test('is waited for by what comes while it is away for a moment only', async () => {
    const patientStore = await openNode(proxy.url, { patience: 20_000 });
    await proxy.cut();
    const writing = send(patientStore, 'away', 'ada', 'in between');
    const reading = patientStore.read.users.byId('ada');
    await assert.rejects(patientStore.check());
    await proxy.mend();
    assert.ok((await writing).seq > 0);
    assert.equal((await reading)?.id, 'ada');
    await patientStore.close();
  });
});
