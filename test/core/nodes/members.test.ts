import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { nameOfOther } from '../../../src/core/live/events.ts';
import { largeRoom } from '../../../src/core/live/hub.ts';
import { FanOutBus } from '../../../src/shared-state/memory/fan-out-bus.ts';
import type { Listening, SeveralNodes, TestNode } from '../../support/several-nodes.ts';
import { callerOf, commonRoom, severalNodes } from '../../support/several-nodes.ts';

const ends: SeveralNodes[] = [];
afterEach(async () => {
  for (const several of ends.splice(0)) await several.end();
});

/** Two nodes; ada owns a closed room on the first, bert is connected to the second. */
async function setUp(options: { kind: 'open' | 'invite' }) {
  const losing = { from: Infinity };
  const bus = new FanOutBus((topic) => ({
    times: losing.from === 0 && topic !== 'control' ? 0 : 1,
    turns: 0,
  }));
  const several = await severalNodes(bus);
  ends.push(several);
  const [a, b] = [await several.node(), await several.node()];
  const [ada, bert] = [await several.user('ada'), await several.user('bert')];
  await several.pass(15_000);
  const listening = await b.connect(bert, 'bert');
  const room = { name: 'den', kind: options.kind, openHistory: false };
  const { change } = await a.core.createRoom(callerOf(ada), room);
  await several.pass(0);
  return { several, a, b, ada, bert, listening, roomId: change.roomId, losing };
}

function joined({ events }: Listening): (string | null)[] {
  return events.flatMap((event) => (event.kind === 'member_joined' ? [event.username] : []));
}

function states({ events }: Listening, roomId: string): (string | null)[] {
  return events.flatMap((event) =>
    event.kind === 'room_changed' && event.roomId === roomId && event.state !== null ? [event.state] : [],
  );
}

async function invite(a: TestNode, ada: string, room: string, kind: 'invite' | 'remove'): Promise<void> {
  const action = kind === 'invite' ? { kind } : { kind, reason: null };
  await a.core.moderateMember(callerOf(ada), { room, username: 'bert', action });
}

describe('members on several nodes', () => {
  for (const isLost of [false, true]) {
    const how = isLost ? ', though every notice is lost' : '';

    test(`who joins on one node hears on another from then on, and nothing of before${how}`, async () => {
      const { several, a, ada, bert, listening, roomId, losing } = await setUp({ kind: 'open' });
      if (isLost) losing.from = 0;
      await a.core.sendMessage(callerOf(ada), { room: roomId }, 'before');
      await a.core.joinRoom(callerOf(bert), roomId);
      await a.core.sendMessage(callerOf(ada), { room: roomId }, 'after');
      await several.pass(2_500);
      assert.deepEqual(listening.texts(roomId), ['after']);
      assert.deepEqual(states(listening, roomId), ['member']);
    });

    test(`who is removed on one node hears nothing on another from then on${how}`, async () => {
      const { several, a, ada, bert, listening, roomId, losing } = await setUp({ kind: 'open' });
      await a.core.joinRoom(callerOf(bert), roomId);
      await a.core.sendMessage(callerOf(ada), { room: roomId }, 'with bert');
      await several.pass(1_500);
      if (isLost) losing.from = 0;
      await invite(a, ada, roomId, 'remove');
      await a.core.sendMessage(callerOf(ada), { room: roomId }, 'of bert');
      await several.pass(2_500);
      await a.core.sendMessage(callerOf(ada), { room: roomId }, 'later');
      await several.pass(2_500);
      assert.deepEqual(listening.texts(roomId), ['with bert']);
      assert.deepEqual(states(listening, roomId), ['member', 'removed']);
    });

    test(`who leaves on one node has left on another${how}`, async () => {
      const { several, a, bert, b, listening, roomId, losing } = await setUp({ kind: 'open' });
      await a.core.joinRoom(callerOf(bert), roomId);
      await several.pass(1_500);
      if (isLost) losing.from = 0;
      await a.core.leaveRoom(callerOf(bert), roomId);
      await several.pass(2_500);
      assert.deepEqual(states(listening, roomId), ['member', 'none']);
      assert.equal(b.core.hub.feedOf(roomId), undefined, 'nobody here listens to it any more');
    });

    test(`who is invited on one node is told on another, once${how}`, async () => {
      const { several, a, ada, listening, roomId, losing } = await setUp({ kind: 'invite' });
      if (isLost) losing.from = 0;
      await invite(a, ada, roomId, 'invite');
      await several.pass(15_000);
      assert.deepEqual(states(listening, roomId), ['invited']);
    });

    test(`who is first written to on one node learns on another by whom${how}`, async () => {
      const { several, a, ada, listening, losing } = await setUp({ kind: 'open' });
      if (isLost) losing.from = 0;
      await a.core.sendMessage(callerOf(ada), { to: 'bert' }, 'hello');
      await several.pass(2_500);
      const named = listening.events.flatMap((event) =>
        event.kind === 'room_changed' && event.roomKind === 'direct'
          ? [nameOfOther(event.pair, listening.userId)]
          : [],
      );
      assert.deepEqual(named, ['ada']);
    });
  }

  test('of a large room are told on every node how many they are when somebody leaves', async () => {
    const several = await severalNodes();
    ends.push(several);
    const users: string[] = [];
    for (let at = 0; at <= largeRoom + 1; at++) users.push(await several.user(`user${at}`));
    const [a, b] = [await several.node(), await several.node()];
    const room = await commonRoom(several.store.read);
    const [here, there] = [await a.connect(users[0]!, 'user0'), await b.connect(users[1]!, 'user1')];
    await several.pass(20_000);
    const counts = ({ events }: Listening) =>
      events.flatMap((event) =>
        event.kind === 'room_changed' && event.username === null && event.roomId === room
          ? [event.members]
          : [],
      );
    for (const each of [here, there]) assert.equal(counts(each).at(-1), largeRoom + 2);
    await a.core.leaveRoom(callerOf(users[2]!), room);
    await several.pass(6_000);
    for (const each of [here, there]) assert.equal(counts(each).at(-1), largeRoom + 1);
  });

  test('are told of a role once, on the node where they are and on others', async () => {
    const { several, a, b, ada, bert, listening, roomId } = await setUp({ kind: 'open' });
    await a.core.joinRoom(callerOf(bert), roomId);
    const carl = await several.user('carl');
    await a.core.joinRoom(callerOf(carl), roomId);
    const others = [
      await a.connect(bert, 'bert'),
      await b.connect(carl, 'carl'),
      await a.connect(ada, 'ada'),
    ];
    await several.pass(1_500);
    const all = [listening, ...others];
    for (const each of all) each.events.length = 0;
    const action = { kind: 'set_role', role: 'moderator' } as const;
    await a.core.moderateMember(callerOf(ada), { room: roomId, username: 'bert', action });
    await several.pass(2_500);
    for (const each of all) assert.deepEqual(states(each, roomId), ['member']);
  });

  test('are told that they joined a room which nobody followed on their node', async () => {
    const { several, a, bert, listening, roomId } = await setUp({ kind: 'open' });
    await a.core.joinRoom(callerOf(bert), roomId);
    await several.pass(3_000);
    assert.deepEqual(joined(listening), ['bert']);
  });

  test('who was removed hears nothing that was said with them in it but not heard here in time', async () => {
    const { several, a, ada, bert, listening, roomId, losing } = await setUp({ kind: 'open' });
    await a.core.joinRoom(callerOf(bert), roomId);
    await several.pass(1_500);
    losing.from = 0;
    await invite(a, ada, roomId, 'remove');
    losing.from = Infinity;
    // The notice of the removal was lost; that of the message was not, and says what it was said under.
    await a.core.sendMessage(callerOf(ada), { room: roomId }, 'of bert');
    await several.pass(100);
    assert.deepEqual(listening.texts(roomId), []);
    await several.pass(2_500);
    assert.deepEqual(states(listening, roomId), ['member', 'removed']);
  });

  test('who comes and goes again and again ends as the store has it', async () => {
    const { several, a, b, ada, bert, listening, roomId } = await setUp({ kind: 'open' });
    for (let round = 0; round < 4; round++) {
      const node = round % 2 === 0 ? a : b;
      await node.core.joinRoom(callerOf(bert), roomId);
      await (round % 2 === 0 ? b : a).core.leaveRoom(callerOf(bert), roomId);
    }
    await several.pass(2_500);
    await a.core.sendMessage(callerOf(ada), { room: roomId }, 'without bert');
    await several.pass(2_500);
    assert.deepEqual(listening.texts(roomId), []);
    await b.core.joinRoom(callerOf(bert), roomId);
    await several.pass(0);
    await a.core.sendMessage(callerOf(ada), { room: roomId }, 'with bert');
    await several.pass(100);
    assert.deepEqual(listening.texts(roomId), ['with bert']);
  });
});
