import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { UserRow } from '../../../src/core/store.ts';
import { Directory } from '../../../src/gateways/frames/directory.ts';
import { userList } from '../../../src/gateways/frames/user-list.ts';
import { createLogger } from '../../../src/logger.ts';
import { skipWithoutFiles } from '../../support/server-database.ts';
import { connectionCount } from '../../support/across-nodes.ts';
import { passwordOf, registered } from '../../support/sealed-client.ts';
import { type TestServer, startTestServer, until } from '../../support/test-server.ts';
import { change, databaseIn } from '../../support/filled-database.ts';
import { systemClock, systemTimers } from '../../../src/system-clock.ts';
import { FramesClient } from './frames-client.ts';

describe('a list of users', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ LISTEN_FRAMES: 'tls://127.0.0.1:0' });
  });
  after(() => server.end());

  function usersIn(frame: Buffer | undefined): string[] {
    assert.ok(frame);
    assert.ok(frame.length <= 65_538);
    assert.equal(frame.readUInt16BE(1), frame.length - 3);
    return (JSON.parse(frame.subarray(3).toString()) as { users: string[] }).users;
  }

  const skip = skipWithoutFiles;
  test('holds every name but the own, then the rooms; and of too many those near', { skip }, async () => {
    const ada = await registered(server.url, 'ada');
    await registered(server.url, 'zora');
    await ada.must('/send_message', { to: 'zora', message: 'hello' });
    const zeno = await FramesClient.seated(server.gatewayUrls['frames']!, 'zeno', passwordOf('zeno'));
    const rows = await server.store.read.users.registered(10);
    const idOf = (name: string): string => rows.find(({ username }) => username === name)!.id;
    const parts = {
      core: server.core,
      read: server.store.read,
      clock: systemClock,
      timers: systemTimers,
      logger: createLogger({ level: 'silent' }),
    };
    const directory = new Directory(parts);
    await directory.ready();
    const whole = await userList(parts, directory, idOf('ada'), ['Général', 'Werkstatt']);
    assert.deepEqual(usersIn(whole?.frame), ['zeno', 'zora', 'Général', 'Werkstatt']);
    assert.equal(whole?.isCut, false);
    assert.deepEqual(usersIn((await userList(parts, directory, 'nobody', []))?.frame), [
      'ada',
      'zeno',
      'zora',
    ]);

    const row = (await server.store.read.users.byId(idOf('ada'))) as UserRow;
    change(databaseIn(server.folder), (database) => {
      const insert = database.prepare(
        'INSERT INTO users (id, username, username_key, role, password_salt, created_at) VALUES (?, ?, ?, ?, ?, 1)',
      );
      database.transaction(() => {
        for (let at = 0; at < 20_000; at++)
          insert.run(`u${at}`, `n${at}`, `n${at}`, 'user', row.passwordSalt);
        insert.run('g', 'aaa (guest)', 'aaa', 'guest', row.passwordSalt);
      })();
    });
    server.core.nameChanges.note();
    await directory.ready();
    const cut = await userList(parts, directory, idOf('ada'), ['Général']);
    assert.equal(cut?.isCut, true);
    const users = usersIn(cut?.frame);
    assert.deepEqual(users.slice(0, 3), ['zora', 'zeno', 'n0'], 'spoken to, online, all others');
    assert.equal(users.at(-1), 'Général');
    assert.equal(new Set(users).size, users.length);
    assert.ok(!users.includes('ada') && !users.includes('aaa (guest)'));
    assert.ok(cut.frame.length > 65_500, 'the frame is full');
    const manyRooms = Array.from({ length: 9_000 }, (_, at) => `room ${at}`);
    const crowded = usersIn((await userList(parts, directory, idOf('ada'), manyRooms))?.frame);
    assert.ok(crowded.includes('zora') && crowded.includes('room 0'));
    directory.stop();

    const seen = await zeno.until('LIS', (data) => (data['users'] as string[]).length > 1_000);
    assert.equal((seen['users'] as string[]).at(-1), 'Général');
    zeno.close();
  });

  test('is never an empty one', async () => {
    const own = await startTestServer({ LISTEN_FRAMES: 'tls://127.0.0.1:0' });
    try {
      const alone = await registered(own.url, 'alone');
      await alone.must('/leave_room', { room: 'Général' });
      const client = await FramesClient.open(own.gatewayUrls['frames']!);
      client.send('LOG', { login: 'alone', password: passwordOf('alone') });
      await client.next('SES');
      client.send('SES', {});
      await client.next('ERR');
      await registered(own.url, 'company');
      assert.deepEqual(await client.next('LIS'), { users: ['company'] });
      client.close();
      await until(async () => (connectionCount(own) === 0 ? true : undefined), 'nobody');
    } finally {
      await own.end();
    }
  });
});
