import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { FanOutBus } from '../../../src/shared-state/memory/fan-out-bus.ts';
import type { Listening, SeveralNodes } from '../../support/several-nodes.ts';
import { callerOf, commonRoom, severalNodes } from '../../support/several-nodes.ts';

const ends: SeveralNodes[] = [];
afterEach(async () => {
  for (const several of ends.splice(0)) await several.end();
});

async function setUp(bus = new FanOutBus()) {
  const several = await severalNodes(bus);
  ends.push(several);
  const [a, b] = [await several.node(), await several.node()];
  const [ada, bert] = [await several.user('ada'), await several.user('bert')];
  const room = await commonRoom(several.store.read);
  const watcher = await b.connect(bert, 'bert');
  await several.pass(1_000);
  return { several, a, b, ada, bert, room, watcher };
}

function seenOf({ events }: Listening, name: string): boolean[] {
  return events.flatMap((event) =>
    event.kind === 'presence' && event.username === name ? [event.online] : [],
  );
}

describe('presence over several nodes', () => {
  test('announces once who comes to one node and another, and who leaves the last', async () => {
    const { several, a, b, ada, watcher } = await setUp();
    const first = await a.connect(ada, 'ada');
    await several.pass(1_000);
    assert.deepEqual(seenOf(watcher, 'ada'), [true]);
    const second = await b.connect(ada, 'ada');
    await several.pass(1_000);
    first.end('logged out');
    await several.pass(10_000);
    assert.deepEqual(seenOf(watcher, 'ada'), [true], 'still there by the other node');
    assert.ok((await a.core.online.among([ada])).has(ada));
    second.end('logged out');
    await several.pass(4_000);
    assert.deepEqual(seenOf(watcher, 'ada'), [true], 'who comes back soon does not flicker');
    await several.pass(2_000);
    assert.deepEqual(seenOf(watcher, 'ada'), [true, false]);
    assert.equal((await a.core.online.among([ada])).has(ada), false);
  });

  test('is known to every node from when the connection is there, before anybody is told', async () => {
    const { several, a, b, ada } = await setUp();
    const connection = await a.connect(ada, 'ada');
    assert.ok((await b.core.online.among([ada])).has(ada));
    connection.end('logged out');
    await several.pass(10_000);
    assert.equal((await b.core.online.among([ada])).has(ada), false, 'also of who went at once');
  });

  test('is the same wherever it is asked for', async () => {
    const { several, a, b, ada, bert, room } = await setUp();
    await a.connect(ada, 'ada');
    await several.pass(4_000);
    for (const { core } of [a, b]) {
      assert.deepEqual(await core.onlineUsernames(callerOf(bert)), ['ada', 'bert']);
      assert.equal(await core.someoneOnline(callerOf(bert)), 'ada');
      assert.equal(await core.online.total(), 2);
      const { members } = await core.listMembers(callerOf(bert), {
        room,
        state: 'member',
        after: '',
        limit: 9,
      });
      assert.deepEqual(
        members.map(({ online }) => online),
        [true, true],
      );
      const { rooms } = await core.listRooms(callerOf(bert));
      assert.equal(rooms.find((each) => each.room.id === room)?.online, 2);
      const { users } = await core.listUsers(callerOf(bert), { online: true, after: '', limit: 9 });
      assert.deepEqual(
        users.map(({ username }) => username),
        ['ada', 'bert'],
      );
      const first = await core.listUsers(callerOf(bert), { online: true, after: '', limit: 1 });
      const second = await core.listUsers(callerOf(bert), { online: true, after: first.next!, limit: 1 });
      assert.deepEqual(
        [first, second],
        [
          { users: [users[0]], next: 'ada' },
          { users: [users[1]], next: null },
        ],
      );
    }
  });

  test('of a node that dies is gone within 15 s, and said to be', async () => {
    const { several, a, b, ada, watcher } = await setUp();
    await a.connect(ada, 'ada');
    await several.pass(4_000);
    a.die();
    await several.pass(10_000);
    assert.equal((await b.core.online.among([ada])).has(ada), false);
    await several.pass(8_000);
    assert.deepEqual(seenOf(watcher, 'ada'), [true, false]);
  });

  test('of a node that stops is gone at once, and who comes back by another never was', async () => {
    const { several, a, b, ada, watcher } = await setUp();
    await a.connect(ada, 'ada');
    await several.pass(4_000);
    await a.core.nodes?.withdraw();
    a.die();
    assert.equal((await b.core.online.among([ada])).has(ada), false);
    await several.pass(1_000);
    await b.connect(ada, 'ada');
    await several.pass(20_000);
    assert.deepEqual(seenOf(watcher, 'ada'), [true]);
  });

  test('is known again soon after what holds it was lost', async () => {
    const { several, a, b, ada, room } = await setUp();
    await a.connect(ada, 'ada');
    await several.pass(4_000);
    several.board.forget();
    several.bus.resume();
    await several.pass(4_000);
    assert.ok((await b.core.online.among([ada])).has(ada));
    assert.equal((await b.core.online.countsIn([room])).get(room), 2);
  });

  test('who types is told everywhere, and that it is over though nobody says so', async () => {
    const lost = { typing: false };
    const bus = new FanOutBus(() => ({ times: lost.typing ? 0 : 1, turns: 0 }));
    const { several, a, ada, bert, room, watcher } = await setUp(bus);
    const typing = (): boolean[] =>
      watcher.events.flatMap((event) => (event.kind === 'typing' ? [event.typing] : []));
    await a.core.setTyping(callerOf(ada), { room, typing: true });
    await several.pass(100);
    assert.deepEqual(typing(), [true]);
    lost.typing = true;
    await several.pass(11_000);
    assert.deepEqual(typing(), [true, false]);
    lost.typing = false;
    await a.core.setTyping(callerOf(ada), { room, typing: true });
    await several.pass(100);
    await a.core.sendMessage(callerOf(ada), { room }, 'done');
    await several.pass(20_000);
    assert.deepEqual(typing(), [true, false, true], 'a message says that it is over');
    assert.ok(watcher.events.some((event) => event.kind === 'message' && event.wasTyping === true));
    assert.ok(bert);
  });
});
