import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LetterlockError, type LetterlockClient } from '../../src/client/index.ts';
import { startTestServer } from '../support/test-server.ts';
import { type Here, newUser } from './sdk-users.ts';
import { withCode } from './connected.ts';

describe('rooms and messages in the SDK', () => {
  const here = {} as Here;
  let ada: LetterlockClient;
  let bert: LetterlockClient;
  let carl: LetterlockClient;
  before(async () => {
    here.server = await startTestServer();
    ada = await newUser(here, 'ada');
    bert = await newUser(here, 'bert');
    carl = await newUser(here, 'carl');
  });
  after(() => here.server.end());

  test('have a method for every endpoint about messages', async () => {
    const { room, state } = await ada.rooms.create({ room: 'Atelier', kind: 'open', openHistory: true });
    assert.equal(state, 'member');
    const sent = await ada.messages.send({ room: 'atelier', message: 'one' });
    assert.deepEqual([sent.room, sent.seq], [room, 1]);
    await ada.messages.send({ room, message: 'two' });
    await ada.messages.send({ room, message: 'three' });
    assert.equal((await ada.messages.edit({ room, seq: 2, message: 'TWO' })).revision, 1);
    assert.equal((await ada.messages.delete({ room, seq: 3 })).revision, 2);
    assert.equal((await bert.rooms.join('Atelier')).state, 'member');
    const texts = async (query: {
      afterSeq?: number;
      beforeSeq?: number;
      afterRevision?: number;
      limit?: number;
    }) => {
      const page = await bert.messages.list({ room, ...query });
      return [page.messages.map(({ message }) => message), page.has_more];
    };
    assert.deepEqual(await texts({}), [['one', 'TWO', null], false]);
    assert.deepEqual(await texts({ limit: 1 }), [[null], true]);
    assert.deepEqual(await texts({ afterSeq: 1, limit: 1 }), [['TWO'], true]);
    assert.deepEqual(await texts({ beforeSeq: 2 }), [['one'], false]);
    assert.deepEqual(await texts({ afterRevision: 1 }), [[null], false]);
    await bert.messages.setTyping({ room, typing: true });
    await ada.messages.send({ room, message: 'four' });
    await bert.messages.markRead({ room, seq: 4 });
    const mine = (await bert.rooms.list()).find(({ id }) => id === room);
    assert.deepEqual([mine?.name, mine?.last_seq, mine?.read_seq, mine?.last_revision], ['Atelier', 4, 4, 2]);
    await ada.messages.send({ to: 'bert', message: 'for you alone' });
    const direct = await bert.messages.list({ with: 'ada' });
    assert.equal(direct.messages[0]?.with, 'ada');
    assert.equal((await bert.rooms.leave(room)).state, 'none');
  });

  test('have a method for every endpoint about members', async () => {
    const room = (await ada.rooms.create({ room: 'Kontor', kind: 'approval' })).room;
    assert.equal((await bert.rooms.join(room)).state, 'pending');
    const names = async (state?: 'pending' | 'banned'): Promise<string[]> => {
      const page = await ada.rooms.members({ room, ...(state === undefined ? {} : { state }) });
      return page.members.map(({ username }) => username).sort();
    };
    assert.deepEqual(await names('pending'), ['bert']);
    await ada.rooms.approve({ room, username: 'bert' });
    await ada.rooms.invite({ room, username: 'carl' });
    await carl.rooms.join(room);
    assert.deepEqual(await names(), ['ada', 'bert', 'carl']);
    await ada.rooms.setRole({ room, username: 'carl', role: 'moderator' });
    await carl.rooms.remove({ room, username: 'bert', reason: 'off topic' });
    await assert.rejects(bert.messages.list({ room }), (error) => {
      assert.ok(error instanceof LetterlockError);
      assert.deepEqual([error.code, error.reason, error.until], ['removed_from_room', 'off topic', null]);
      return true;
    });
    const until = new Date('2099-01-01T00:00:00Z');
    await ada.rooms.ban({ room, username: 'bert', reason: 'spam', until });
    await assert.rejects(bert.rooms.join(room), (error) => {
      assert.ok(error instanceof LetterlockError);
      assert.deepEqual(
        [error.code, error.reason, error.until],
        ['banned_from_room', 'spam', until.toISOString()],
      );
      return true;
    });
    assert.deepEqual(await names('banned'), ['bert']);
    await ada.rooms.unban({ room, username: 'bert' });
    await bert.rooms.join(room);
    await ada.rooms.refuse({ room, username: 'bert', reason: 'not now' });
    await assert.rejects(bert.messages.send({ room, message: 'hello?' }), LetterlockError);
    await assert.rejects(bert.rooms.members({ room: 'no such room' }), withCode('room_unknown'));
  });

  test('list users page by page', async () => {
    const first = await ada.listUsers({ limit: 2 });
    assert.deepEqual(
      first.users.map(({ username }) => username),
      ['ada', 'bert'],
    );
    const second = await ada.listUsers({ limit: 2, after: first.next ?? '' });
    assert.deepEqual(second, { users: second.users, next: null });
    assert.deepEqual(
      second.users.map(({ username, online }) => [username, online]),
      [['carl', false]],
    );
    assert.deepEqual((await ada.listUsers({ online: true })).users, []);
  });
});
