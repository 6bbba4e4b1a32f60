import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import type { FanOut } from '../../../src/core/nodes/fan-out.ts';
import { FanOutBus } from '../../../src/shared-state/memory/fan-out-bus.ts';
import { type SeveralNodes, callerOf, commonRoom, severalNodes } from '../../support/several-nodes.ts';

const ends: SeveralNodes[] = [];
async function make(bus?: FanOutBus): Promise<SeveralNodes> {
  const several = await severalNodes(bus);
  ends.push(several);
  return several;
}
afterEach(async () => {
  for (const several of ends.splice(0)) await several.end();
});

/** A place on the bus whose next publications nobody hears while it is mute. */
function muted(bus: FanOutBus): FanOut & { isMute: boolean } {
  const place = bus.join();
  return {
    isMute: false,
    publish(topic, payload) {
      if (!this.isMute) place.publish(topic, payload);
    },
    subscribe: (topic) => place.subscribe(topic),
    unsubscribe: (topic) => place.unsubscribe(topic),
    start: (receiver) => place.start(receiver),
    flush: (milliseconds) => place.flush(milliseconds),
    close: () => place.close(),
  };
}

/** The same numbers in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

describe('messages on several nodes', () => {
  test('reach who listens on another node, each form of news with them', async () => {
    const several = await make();
    const { store } = several;
    const [a, b] = [await several.node(), await several.node()];
    const [ada, bert] = [await several.user('ada'), await several.user('bert')];
    const carl = await several.user('carl');
    const room = await commonRoom(store.read);
    const listening = await b.connect(bert, 'bert');
    await several.pass(0);
    const { seq } = await a.core.sendMessage(callerOf(ada), { room }, 'hello');
    await several.pass(0);
    assert.deepEqual(listening.texts(room), ['hello'], 'without any time passing');
    await a.core.reviseMessage(callerOf(ada), { room, seq, text: 'hello there' });
    await a.core.reviseMessage(callerOf(ada), { room, seq, text: null });
    await a.core.sendMessage(callerOf(ada), { to: 'bert' }, 'in private');
    await a.core.markRead(callerOf(carl), { room, seq });
    await several.pass(0);
    assert.deepEqual(listening.texts(room), ['hello', 'hello there', null]);
    await several.pass(200);
    const direct = listening.events.filter((event) => event.kind === 'message' && event.pair !== null);
    assert.equal(direct.length, 1, 'of a room that this node did not follow yet');
    assert.deepEqual(
      listening.events.filter(({ kind }) => kind === 'message_read').length,
      1,
      'and how far others have read',
    );
  });

  for (const [share, name] of [
    [0.05, '5 %'],
    [0.5, 'half'],
    [1, 'all'],
  ] as const) {
    test(`come in order and once when ${name} of what nodes tell each other is lost`, async () => {
      const random = seeded(7);
      const bus = new FanOutBus(() => ({ times: random() < share ? 0 : 1, turns: Math.floor(random() * 3) }));
      const several = await make(bus);
      const nodes = [await several.node(), await several.node(), await several.node()];
      const users = await Promise.all(['ada', 'bert', 'carl'].map((user) => several.user(user)));
      const room = await commonRoom(several.store.read);
      const listening = await Promise.all(nodes.map((node, at) => node.connect(users[at]!, 'someone')));
      const said: string[] = [];
      const edits: [number, string][] = [];
      for (let round = 0; round < 40; round++) {
        const at = round % 3;
        const text = `message ${round}`;
        const { seq } = await nodes[at]!.core.sendMessage(callerOf(users[at]!), { room }, text);
        said[seq - 1] = text;
        if (round % 5 === 0) {
          await nodes[at]!.core.reviseMessage(callerOf(users[at]!), { room, seq, text: `${text}, edited` });
          edits.push([seq, `${text}, edited`]);
        }
        if (round % 7 === 0) await several.pass(50);
      }
      await several.pass(2_000);
      for (const { events } of listening) {
        const messages = events.filter((event) => event.kind === 'message');
        const first = messages.filter(({ revision }) => revision === 0);
        assert.deepEqual(
          first.map(({ seq }) => seq),
          said.map((_, index) => index + 1),
        );
        for (const { seq, text } of first) assert.ok(text?.startsWith(said[seq - 1]!));
        const edited = messages.filter(({ revision }) => revision > 0);
        assert.deepEqual(
          edited.map(({ seq, text }) => [seq, text]),
          edits,
        );
      }
    });
  }

  test('come once and in order though they are told twice and late', async () => {
    const random = seeded(3);
    const bus = new FanOutBus(() => ({ times: 2, turns: Math.floor(random() * 9) }));
    const several = await make(bus);
    const [a, b] = [await several.node(), await several.node()];
    const [ada, bert] = [await several.user('ada'), await several.user('bert')];
    const room = await commonRoom(several.store.read);
    const listening = await b.connect(bert, 'bert');
    for (let at = 0; at < 30; at++) await a.core.sendMessage(callerOf(ada), { room }, String(at));
    await several.pass(500);
    assert.deepEqual(
      listening.texts(room),
      Array.from({ length: 30 }, (_, at) => String(at)),
    );
  });

  test('reach everybody though the node that committed them dies before it says so', async () => {
    const several = await make();
    const fanOut = muted(several.bus);
    const [a, b] = [await several.node({ fanOut }), await several.node()];
    const [ada, bert] = [await several.user('ada'), await several.user('bert')];
    const room = await commonRoom(several.store.read);
    const listening = await b.connect(bert, 'bert');
    await several.pass(0);
    fanOut.isMute = true;
    await a.core.sendMessage(callerOf(ada), { room }, 'last words');
    a.die();
    await several.pass(2_000);
    assert.deepEqual(listening.texts(room), ['last words']);
    await several.pass(5_000);
    assert.deepEqual(listening.texts(room), ['last words'], 'once');
  });

  test('deleted before they were heard of are told as deleted, once', async () => {
    const several = await make();
    const fanOut = muted(several.bus);
    const [a, b] = [await several.node({ fanOut }), await several.node()];
    const [ada, bert] = [await several.user('ada'), await several.user('bert')];
    const room = await commonRoom(several.store.read);
    const listening = await b.connect(bert, 'bert');
    fanOut.isMute = true;
    const { seq } = await a.core.sendMessage(callerOf(ada), { room }, 'a slip');
    await a.core.reviseMessage(callerOf(ada), { room, seq, text: null });
    fanOut.isMute = false;
    await a.core.sendMessage(callerOf(ada), { room }, 'better');
    await several.pass(2_000);
    assert.deepEqual(listening.texts(room), [null, 'better']);
  });

  test('are not heard from who only has the channel: forged, altered, moved, or garbage', async () => {
    const several = await make();
    const heard: [string, Buffer][] = [];
    const place = several.bus.join();
    const spied: FanOut = {
      publish: (topic, payload) => {
        heard.push([topic, payload]);
        place.publish(topic, payload);
      },
      subscribe: (topic) => place.subscribe(topic),
      unsubscribe: (topic) => place.unsubscribe(topic),
      start: (receiver) => place.start(receiver),
      flush: async () => {},
      close: () => place.close(),
    };
    const [a, b] = [await several.node({ fanOut: spied }), await several.node()];
    const [ada, bert] = [await several.user('ada'), await several.user('bert')];
    const room = await commonRoom(several.store.read);
    const listening = await b.connect(bert, 'bert');
    await a.core.sendMessage(callerOf(ada), { room }, 'secret words');
    await several.pass(100);
    const [topic, payload] = heard.find(([name]) => name === `room:${room}`)!;
    assert.ok(!payload.includes('secret'), 'nobody reads it on the way');
    const count = listening.events.length;
    const altered = Buffer.from(payload);
    altered[altered.length - 20]! ^= 1;
    const mallory = several.bus;
    mallory.carry(null, topic as `room:${string}`, altered);
    mallory.carry(null, `user:${bert}`, payload);
    mallory.carry(null, 'control', payload);
    mallory.carry(null, 'control', Buffer.from('{"notices":[{"kind":"names"}]}'));
    mallory.carry(null, topic as `room:${string}`, Buffer.alloc(0));
    mallory.carry(null, topic as `room:${string}`, payload);
    await several.pass(1_000);
    assert.equal(listening.events.length, count);
  });

  test('are all there after nothing was heard for a while', async () => {
    const several = await make();
    const fanOut = muted(several.bus);
    const [a, b] = [await several.node({ fanOut }), await several.node()];
    const [ada, bert] = [await several.user('ada'), await several.user('bert')];
    const room = await commonRoom(several.store.read);
    const listening = await b.connect(bert, 'bert');
    fanOut.isMute = true;
    const many = Array.from({ length: 250 }, (_, at) => `${at}`);
    await Promise.all(many.map((text) => a.core.sendMessage(callerOf(ada), { room }, text)));
    several.bus.resume();
    await several.pass(200);
    assert.deepEqual(new Set(listening.texts(room)), new Set(many));
    assert.equal(listening.texts(room).length, many.length);
  });
});

after(() => assert.equal(ends.length, 0));
