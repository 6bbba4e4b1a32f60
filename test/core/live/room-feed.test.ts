import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { OnlineUser } from '../../../src/core/live/connection.ts';
import { type Listener, RoomFeed, type Roster } from '../../../src/core/live/room-feed.ts';

function listener(userId: string): Listener {
  const user: OnlineUser = {
    userId,
    username: userId,
    connections: new Set(),
    rooms: new Set(),
    ready: null,
  };
  return { user, visibleAfter: 0, role: 'member' };
}

/** A feed that knows ada and bert under version 1, and what it is told when it reads the roster again. */
function feedOfTwo() {
  const loads: { resolve: (roster: Roster) => void; reject: (error: Error) => void }[] = [];
  const room = { roomId: 'room', roomName: 'room', roomKind: 'open' } as const;
  const feed = new RoomFeed(room, { version: 1, members: 2 }, () => {
    return new Promise((resolve, reject) => loads.push({ resolve, reject }));
  });
  for (const name of ['ada', 'bert']) feed.add(listener(name), 1);
  const heard: string[] = [];
  const tell = (text: string, version: number): void =>
    feed.whenCurrent(version, () => heard.push(`${text}: ${[...feed.listeners.keys()].join(' ')}`));
  return { feed, loads, heard, tell };
}

describe('the feed of a room', () => {
  test('tells at once what was said under a membership that it knows', () => {
    const { heard, tell, loads } = feedOfTwo();
    tell('hello', 1);
    assert.deepEqual([heard, loads.length], [['hello: ada bert'], 0]);
  });

  test('reads again who is a member before it tells what was said under a later one, in order', async () => {
    const { heard, tell, loads } = feedOfTwo();
    tell('after bert was removed', 2);
    tell('and then', 2);
    tell('an older one', 1);
    assert.deepEqual([heard, loads.length], [[], 1]);
    loads[0]?.resolve({ version: 2, members: 1, listeners: new Map([['ada', listener('ada')]]) });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(heard, ['after bert was removed: ada', 'and then: ada', 'an older one: ada']);
    tell('at once again', 2);
    assert.deepEqual([heard.at(-1), loads.length], ['at once again: ada', 1]);
  });

  test('reads once more for what was said, while it read, under a membership later still', async () => {
    const { heard, tell, loads } = feedOfTwo();
    tell('somebody came', 2);
    tell('bert was removed', 3);
    tell('and then', 2);
    const both = new Map(['ada', 'bert'].map((name) => [name, listener(name)]));
    loads[0]?.resolve({ version: 2, members: 2, listeners: both });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([heard, loads.length], [['somebody came: ada bert'], 2]);
    loads[1]?.resolve({ version: 3, members: 1, listeners: new Map([['ada', listener('ada')]]) });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(heard.slice(1), ['bert was removed: ada', 'and then: ada']);
  });

  test('tells nobody where it cannot be read who is a member, and reads again the next time', async () => {
    const { heard, tell, loads } = feedOfTwo();
    tell('lost', 2);
    loads[0]?.reject(new Error('the disk is gone'));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(heard, ['lost: ']);
    tell('back', 2);
    assert.equal(loads.length, 2);
  });

  test('reads nothing again for a change that it was told of in order', () => {
    const { feed, heard, tell, loads } = feedOfTwo();
    feed.apply({ version: 2, members: 1, userId: 'bert' }, (listeners) => listeners.delete('bert'));
    tell('hello', 2);
    assert.deepEqual([heard, loads.length], [['hello: ada'], 0]);
  });

  test('reads again where it missed a change between two that it was told of', () => {
    const { feed, tell, loads } = feedOfTwo();
    feed.apply({ version: 3, members: 1, userId: 'bert' }, (listeners) => listeners.delete('bert'));
    tell('hello', 3);
    assert.equal(loads.length, 1);
  });

  test('reads nothing again for changes told of in another order, the last of each user holds', () => {
    const { feed, heard, tell, loads } = feedOfTwo();
    const come = (name: string) => (listeners: Map<string, Listener>) => listeners.set(name, listener(name));
    const go = (name: string) => (listeners: Map<string, Listener>) => listeners.delete(name);
    feed.apply({ version: 4, members: 2, userId: 'carl' }, go('carl'));
    feed.apply({ version: 3, members: 3, userId: 'dora' }, come('dora'));
    feed.apply({ version: 2, members: 3, userId: 'carl' }, come('carl'));
    tell('hello', 4);
    assert.deepEqual([heard, loads.length, feed.members], [['hello: ada bert dora'], 0, 2]);
  });

  test('reads again where it is told of a change that came before what it knows', () => {
    const { feed, loads } = feedOfTwo();
    feed.apply({ version: 2, members: 1, userId: 'bert' }, (listeners) => listeners.delete('bert'));
    feed.apply({ version: 1, members: 2, userId: 'bert' }, (listeners) =>
      listeners.set('bert', listener('bert')),
    );
    assert.deepEqual([loads.length, feed.listeners.has('bert')], [1, false]);
  });
});
